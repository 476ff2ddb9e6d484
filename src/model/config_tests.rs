use patchmark_results::InputError;

use super::*;

fn refusal(config: &Value) -> String {
    let error = Config::parse(&config.to_string()).expect_err("should be refused");
    assert!(error.is::<InputError>(), "{error:?}");
    error.to_string()
}

#[test]
fn presets_survive_their_own_json() {
    for config in [Config::tiny(), Config::base_naflex()] {
        assert_eq!(Config::parse(&config.to_json().to_string()).unwrap(), config);
    }
}

#[test]
fn defaults_are_transformers() {
    let config = Config::parse(r#"{"model_type": "siglip2", "text_config": null}"#).unwrap();
    assert_eq!(config.vision, VisionConfig::default());
    assert_eq!((config.text.vocab_size, config.text.projection_size), (32_000, 768));
}

#[test]
fn another_model_is_named() {
    assert!(refusal(&json!({"model_type": "siglip"})).contains("\"siglip\""));
    assert!(refusal(&json!({})).contains("missing"));
    assert!(Config::parse("{").unwrap_err().is::<InputError>());
}

#[test]
fn impossible_values_are_named() {
    for (tower, field, value) in [
        ("vision_config", "hidden_size", json!(0)),
        ("vision_config", "hidden_size", json!("wide")),
        ("vision_config", "num_attention_heads", json!(5)),
        ("vision_config", "num_patches", json!(255)),
        ("vision_config", "vision_use_head", json!(false)),
        ("vision_config", "hidden_act", json!("relu")),
        ("vision_config", "layer_norm_eps", json!(0.0)),
        ("vision_config", "num_hidden_layers", json!(-1)),
        ("vision_config", "num_hidden_layers", json!(1 << 27)),
        ("vision_config", "patch_size", json!(1 << 27)),
        ("text_config", "num_hidden_layers", json!(1025)),
        ("text_config", "hidden_act", json!("gelu")),
        ("text_config", "vocab_size", json!(-3)),
        ("text_config", "projection_size", json!(32)),
    ] {
        let mut config = Config::tiny().to_json();
        config[tower][field] = value.clone();
        let message = refusal(&config);
        assert!(
            message.contains(field) || value == json!("wide") || value == json!(-1),
            "{field}: {message}"
        );
    }
}
