//! Writes the seeds of `fuzz/seeds` anew: committed results cut short, and the smallest right input of every other reader.
//!
//! `cargo run --release --features harness --example seeds`, in the folder `fuzz`.

use std::{fs, io::Cursor, path::Path};

use image::{DynamicImage, ImageFormat, codecs::jpeg::JpegEncoder};
use patchmark::{
    model::{Config, expected_tensors},
    worker::{
        frames,
        protocol::{Call, Class, Entry, Form, ImageRef, Load, Reply, Request, VERSION},
    },
};
use patchmark_fuzz::checkpoint::smallest;
use patchmark_results::{Document, Verdict, decision::Finding, fixtures};
use serde_json::{Map, Value, json};
use tch::{Kind, Tensor};

fn main() {
    documents();
    checkpoints();
    streams();
    images();
}

/// Writes one seed.
fn save(target: &str, name: &str, data: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), data).unwrap();
}

fn documents() {
    let reports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports");
    for (target, name, place) in [
        ("run", "two-cores.json", "epyc-2cpu/run.json"),
        ("run", "one-thread.json", "one-thread/640x480/run.json"),
        ("run", "pipelined.json", "h100/pipelined/run.json"),
        ("run", "full-tower.json", "h100/trace/run.json"),
        ("decision", "compare.json", "compare/compare.json"),
        ("parity", "cpu.json", "parity/parity.json"),
        ("releases", "all.json", "releases/releases.json"),
    ] {
        let text = fs::read(reports.join(place)).unwrap();
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        shorten(&mut document);
        save(target, name, document.to_string().as_bytes());
    }
    let run = fixtures::run::run(&["hf", "fused"], &[1, 8]);
    let broken = fixtures::run::run(&[], &[]);
    for target in ["run", "gate", "history"] {
        save(target, "fixture.json", &compact(&run));
        save(target, "nothing.json", &compact(&broken));
    }
    let mut older: Value = serde_json::from_slice(&run.json().unwrap()).unwrap();
    older["schema_version"] = json!(1);
    save("run", "version-1.json", older.to_string().as_bytes());
    let rows = vec![
        fixtures::decision::row("fused", Verdict::Regressed, None),
        fixtures::decision::row("hf", Verdict::Inconclusive, Some(Finding::Missing)),
    ];
    save("decision", "fixture.json", &compact(&fixtures::decision::decision(rows)));
    let mut parity = fixtures::parity::parity(3);
    let mut row = fixtures::parity::row("batched", 256, true, &[(0, Some(1.0)), (2, None)]);
    row.heat = fixtures::parity::heat(0, 2, &[Some(1.0), None, Some(0.0), Some(3.0)]);
    parity.rows = vec![row, fixtures::parity::row("hf-pil", 64, false, &[])];
    save("parity", "fixture.json", &compact(&parity));
    let validation = fixtures::validation::validation("a | b");
    save("validation", "fixture.json", &compact(&validation));
    let mut older: Value = serde_json::from_slice(&validation.json().unwrap()).unwrap();
    older["schema_version"] = json!(2);
    for (name, old) in [
        ("reference", "against"),
        ("reference_class", "against_class"),
        ("reference_versions", "against_versions"),
    ] {
        older[old] = older[name].take();
    }
    save("validation", "version-2.json", older.to_string().as_bytes());
    save("releases", "fixture.json", &compact(&fixtures::releases::releases()));
    save("policy", "example.toml", include_bytes!("../../examples/ci/patchmark.toml"));
    let all = "min_effect = 0.05\ninconclusive = \"pass\"\n[[rows]]\nprocessors = [\"fused\"]\nbatch_sizes = [1, 8]\n\
        devices = [\"cpu\", \"cuda\"]\nfigures = [\"time\", \"ratio\", \"speedup\"]\ncounts = true\nparity = \"differs\"\n\
        max_ratio = 2.0\nmin_effect = 0.1\n";
    save("policy", "all.toml", all.as_bytes());
}

fn compact(document: &impl Document) -> Vec<u8> {
    let value: Value = serde_json::from_slice(&document.json().unwrap()).unwrap();
    value.to_string().into_bytes()
}

/// Keeps the first two elements of every array.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(2);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

fn checkpoints() {
    save("config", "tiny.json", Config::tiny().to_json().to_string().as_bytes());
    save("config", "default.json", br#"{"model_type":"siglip2"}"#);
    save("preprocessor", "empty.json", b"{}");
    let all = json!({
        "patch_size": 16, "max_num_patches": 64, "image_mean": [0.5, 0.5, 0.5], "image_std": 0.5,
        "rescale_factor": 0.00392156862745098, "do_resize": true, "do_rescale": true, "do_normalize": true, "resample": 2
    });
    save("preprocessor", "all.json", all.to_string().as_bytes());
    for (name, model, pre) in [
        (
            "words.json",
            json!({"type": "WordLevel", "vocab": {"a": 0, "photo": 1, "<pad>": 2, "<unk>": 3}, "unk_token": "<unk>"}),
            json!({"type": "Whitespace"}),
        ),
        (
            "pairs.json",
            json!({"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": {"<unk>": 0, "a": 1, "p": 2, "h": 3, "ph": 4, "<0x00>": 5}, "merges": [["p", "h"]]}),
            json!({"type": "Split", "pattern": {"Regex": "\\s+|a"}, "behavior": "MergedWithPrevious", "invert": false}),
        ),
        (
            "unigram.json",
            json!({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["photo", -2.0]], "byte_fallback": false}),
            json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}),
        ),
        (
            "pieces.json",
            json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "ph": 2, "##oto": 3}}),
            json!({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, {"type": "Punctuation", "behavior": "Isolated"}]}),
        ),
    ] {
        let tokenizer = json!({
            "version": "1.0",
            "truncation": null,
            "padding": {"strategy": {"Fixed": 64}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                "pad_type_id": 0, "pad_token": "<pad>"},
            "added_tokens": [{"id": 2, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true}],
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
            "pre_tokenizer": pre,
            "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "<pad>", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
                "special_tokens": {"<pad>": {"id": "<pad>", "ids": [2], "tokens": ["<pad>"]}}},
            "decoder": {"type": "ByteFallback"},
            "model": model
        });
        save("tokenizer", name, tokenizer.to_string().as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.safetensors");
    let tensors = expected_tensors(&smallest());
    let tensors: Vec<_> = tensors
        .into_iter()
        .map(|(name, shape)| (name, Tensor::ones(shape, (Kind::BFloat16, tch::Device::Cpu))))
        .collect();
    Tensor::write_safetensors(&tensors, &file).unwrap();
    save("weights", "whole.safetensors", &fs::read(&file).unwrap());
    save(
        "weights",
        "index.json",
        br#"{"metadata":{"total_size":2},"weight_map":{"logit_scale":"model-1.safetensors"}}"#,
    );
    let tensors = [
        ("pixel_values", Tensor::from_slice(&[0.5_f32; 12]).view([1, 4, 3])),
        ("pixel_attention_mask", Tensor::from_slice(&[1_i32; 4]).view([1, 4])),
        ("spatial_shapes", Tensor::from_slice(&[2_i64, 2]).view([1, 2])),
    ];
    Tensor::write_safetensors(&tensors, &file).unwrap();
    save("tensors", "whole.safetensors", &fs::read(&file).unwrap());
}

fn streams() {
    let image = ImageRef { file: "rgb".into(), offset: 0, width: 2, height: 1, mode: "RGB".into() };
    let class = Class::Own { names: vec!["fused".into()], preprocessor: None, device: "cpu".into() };
    let requests = [
        Request::Load(Load {
            class,
            form: Form::Natural,
            parameters: Map::new(),
            threads: 1,
            memory: 1 << 30,
        }),
        Request::Call(Call::plain(vec![image.clone()])),
        Request::Prepare {
            slot: "a".into(),
            images: vec![image.clone()],
            form: Form::Pil,
            keywords: Map::new(),
            processor: None,
        },
        Request::Time { slot: "a".into(), calls: 2 },
        Request::Concurrent { batches: vec![vec![image]], rounds: 1 },
        Request::Dump { slot: "a".into(), outputs: "out".into() },
    ];
    let entry = Entry {
        name: "pixel_values".into(),
        kind: "tensor".into(),
        dtype: "float32".into(),
        shape: vec![1, 4, 3],
        device: "cpu".into(),
        grad: false,
    };
    let replies = [
        Reply::Hello { version: VERSION, commit: "0123abc".into() },
        Reply::Loaded {
            class: "A".into(),
            versions: [("torch".into(), "2".into())].into(),
            capability: "AVX2".into(),
            state_changes: vec![],
            accepted: Some(vec!["patch_size".into()]),
        },
        Reply::Unusable { message: "no".into() },
        Reply::Returned {
            mapping: true,
            entries: vec![entry],
            ms: 1.5,
            state_changes: vec![],
            input_changes: vec![],
            feed: String::new(),
        },
        Reply::Raised {
            kind: "ValueError".into(),
            message: "ValueError: no".into(),
            traceback: String::new(),
        },
        Reply::Timed { ms: vec![1.0, 2.0] },
        Reply::Concurrent { problems: vec!["no".into()] },
        Reply::Done,
    ];
    let (mut sent, mut answered) = (Vec::new(), Vec::new());
    requests.iter().for_each(|request| frames::write(&mut sent, request).unwrap());
    replies.iter().for_each(|reply| frames::write(&mut answered, reply).unwrap());
    save("frames", "requests", &sent);
    save("frames", "replies", &answered);
    save("sizes", "list", b"1024x768,mixed,640x480");
    for (name, words) in [
        (
            "bench",
            "bench\n--batch-sizes\n1,2,8\n--budget\n90s\n--processors\nhf,fused\n--sizes\n640x480,mixed\n--device\ncuda:0",
        ),
        ("compare", "compare\nbatched\nfused\n--min-effect\n5%\n--budget\n2m"),
        ("gate", "gate\nrun\n--baseline\nbase\n--allow-environment"),
        ("report", "report\nrun\n--only\nratio,stages\n--format\nsvg,png\n--theme\ndark"),
        ("validate", "validate\npython:a.py:A\n--only\ngrey\n--corpus\nquick\n--atol\n1e-6"),
    ] {
        save("arguments", name, words.as_bytes());
    }
}

/// Small gradients, drawn here and therefore free of rights, in every form that is decoded.
fn images() {
    let rgb =
        image::RgbImage::from_fn(12, 9, |x, y| image::Rgb([(x * 20) as u8, (y * 25) as u8, (x * y) as u8]));
    let rgb = DynamicImage::from(rgb);
    for (name, image) in [
        ("rgb8.png", rgb.clone()),
        ("grey8.png", rgb.to_luma8().into()),
        ("greya8.png", rgb.to_luma_alpha8().into()),
        ("rgba8.png", rgb.to_rgba8().into()),
        ("grey16.png", rgb.to_luma16().into()),
        ("rgb16.png", rgb.to_rgb16().into()),
        ("rgba16.png", rgb.to_rgba16().into()),
    ] {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, ImageFormat::Png).unwrap();
        save("images", name, file.get_ref());
    }
    for (name, image) in [("rgb.jpg", rgb.clone()), ("grey.jpg", rgb.to_luma8().into())] {
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 60).encode_image(&image).unwrap();
        save("images", name, &file);
    }
}
