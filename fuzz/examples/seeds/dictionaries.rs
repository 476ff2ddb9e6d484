//! The words of each target's language, for mutations byte by byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use patchmark_results::schema::schemas;
use serde_json::Value;

const POLICY: &str = "min_effect inconclusive [[rows]] processors batch_sizes devices figures counts parity max_ratio \
    fail pass exact differs time ratio speedup cpu cuda fused true false nan inf";

const ARGUMENTS: &str = "bench parity compare gate golden make check validate envs history process report doctor schema --batch-sizes \
    --budget --min-effect --device --dtype --tower --sizes --processors --policy --baseline --only --format --out --atol \
    --threads cuda:0 bf16 python: exec: transformers== 90s 5%";

/// Writes the words of each target's language.
pub fn dictionaries() {
    let schemas: BTreeMap<_, _> = schemas().into_iter().collect();
    for (target, name) in [
        ("run", "run"),
        ("gate", "run"),
        ("history", "run"),
        ("decision", "decision"),
        ("parity", "parity"),
        ("validation", "validation"),
        ("releases", "releases"),
        ("golden", "pack"),
    ] {
        let mut words = BTreeSet::new();
        let schema = serde_json::to_value(&schemas[format!("{name}.schema.json").as_str()]).unwrap();
        collect(&schema, &mut words);
        dictionary(target, words);
    }
    for (target, words) in [
        ("policy", POLICY),
        ("arguments", ARGUMENTS),
        ("config", "model_type siglip2 vision_config text_config hidden_size num_hidden_layers num_patches"),
        ("preprocessor", "patch_size max_num_patches image_mean image_std rescale_factor do_resize resample"),
        (
            "settings",
            "padding_side left right pad_token content model_input_names input_ids attention_mask <pad>",
        ),
        ("weights", "dtype shape data_offsets __metadata__ BF16 F16 F32 I64 weight_map .position_ids"),
        ("tensors", "dtype shape data_offsets __metadata__ BF16 F16 F32 F64 I64 I32 U8 BOOL spatial_shapes"),
        (
            "frames",
            "op outcome load call dump prepare time concurrent hello loaded returned raised timed lost done",
        ),
        ("answers", "protocol name version parameters id ms error patch_size max_num_patches 1e999 null"),
    ] {
        dictionary(target, words.split_whitespace().map(str::to_owned).collect());
    }
}

fn dictionary(target: &str, words: BTreeSet<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries");
    fs::create_dir_all(&folder).unwrap();
    let lines: String = words.iter().map(|word| format!("\"{word}\"\n")).collect();
    fs::write(folder.join(format!("{target}.dict")), lines).unwrap();
}

/// The names of fields and the values of enumerations in a schema.
fn collect(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("properties", Value::Object(properties)) => words.extend(properties.keys().cloned()),
                    ("enum", Value::Array(values)) => {
                        words.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    ("const", Value::String(value)) => drop(words.insert(value.clone())),
                    _ => {}
                }
                collect(value, words);
            }
        }
        _ => {}
    }
}
