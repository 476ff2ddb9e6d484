//! Writes the words of `fuzz/dictionaries` and most seeds of `fuzz/seeds` anew: committed results cut short, and the
//! smallest right input of every other reader: `make fuzz-seeds`.
//!
//! Seeds with other names are kept: tokenizers, which are written by hand, JPEG and PNG files in forms that the
//! encoders here do not have (Pillow drew them from the same gradient), and inputs that fuzzing found.

use std::{fs, io::Cursor, path::Path};

use image::{DynamicImage, ImageFormat, codecs::jpeg::JpegEncoder};
use patchmark::worker::{
    frames,
    protocol::{Call, Class, Entry, Form, ImageRef, Load, Reply, Request, VERSION},
};
use serde_json::Map;

mod checkpoints;
mod dictionaries;
mod documents;
mod golden;

fn main() {
    dictionaries::dictionaries();
    documents::documents();
    golden::golden();
    checkpoints::checkpoints();
    streams();
    images();
}

/// Writes one seed.
fn save(target: &str, name: &str, data: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), data).unwrap();
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
        text: String::new(),
    };
    let replies = [
        Reply::Hello { version: VERSION, commit: "0123abc".into() },
        Reply::Loaded {
            class: "A".into(),
            versions: [("torch".into(), "2".into())].into(),
            capability: "AVX2".into(),
            state_changes: vec![],
            accepted: Some(vec!["patch_size".into()]),
            signature: Default::default(),
            program: None,
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
        Reply::Timed { ms: vec![1.0, 2.0], border_ms: Some(0.5) },
        Reply::Lost { what: "lost its program".into() },
        Reply::Concurrent { problems: vec!["no".into()] },
        Reply::Done,
    ];
    let (mut sent, mut answered) = (Vec::new(), Vec::new());
    requests.iter().for_each(|request| frames::write(&mut sent, request).unwrap());
    replies.iter().for_each(|reply| frames::write(&mut answered, reply).unwrap());
    save("frames", "requests", &sent);
    save("frames", "replies", &answered);
    save(
        "answers",
        "lines",
        b"{\"protocol\":1,\"name\":\"mine\",\"version\":\"2\",\"parameters\":[\"patch_size\"]}\n{\"id\":1,\"ms\":[1.5,2]}\n\
          {\"id\":1,\"error\":\"no\"}\n",
    );
    save("sizes", "list", b"1024x768,mixed,640x480");
    for (name, words) in [
        ("bench", "bench\n--batch-sizes\n1,2\n--budget\n90s\n--sizes\n640x480,mixed\n--device\ncuda:0"),
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
