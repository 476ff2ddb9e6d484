//! The values that are drawn for an argument: the known ones by its name, others by the value that the reference has.

use serde_json::Value;

/// Values of an argument as Python source, the most telling first; none if there is nothing to draw.
pub(super) fn literals(name: &str, usual: &Value) -> Vec<String> {
    let known: &[&str] = match name {
        "do_resize" | "do_rescale" | "do_normalize" => &["False", "None", "True"],
        "do_convert_rgb" => &["True", "False", "None"],
        "resample" => &["3", "0", "2", "5", "4", "1", "Image.Resampling.BICUBIC", "None"],
        "rescale_factor" => &["1 / 127.5", "1.0", "1", "None"],
        "image_mean" => &["[0.1, 0.2, 0.3]", "(0.48, 0.45, 0.4)", "0.25", "None"],
        "image_std" => &["[0.2, 0.3, 0.4]", "(0.27, 0.26, 0.28)", "0.25", "None"],
        "max_num_patches" => &["64", "16", "100", "1024", "None"],
        "patch_size" => &["14", "32", "8", "None"],
        "size" | "crop_size" | "pad_size" => &[r#"{"height": 32, "width": 32}"#, "64", "None"],
        "data_format" => &[r#""channels_last""#, r#""channels_first""#, "None"],
        "input_data_format" => &[
            r#""channels_last""#,
            r#""channels_first""#,
            "transformers.image_utils.ChannelDimension.LAST",
            "None",
        ],
        "device" => &[r#""cpu""#, r#"torch.device("cpu")"#, "None"],
        "disable_grouping" | "default_to_square" | "do_center_crop" | "do_pad" => &["True", "False", "None"],
        "image_seq_length" => &["5", "None"],
        _ => &[],
    };
    if !known.is_empty() {
        return known.iter().map(|each| (*each).to_owned()).collect();
    }
    let drawn: Vec<String> = match usual {
        Value::Bool(value) => vec![python_bool(!value), python_bool(*value)],
        Value::Number(number) if number.is_i64() => {
            number.as_i64().map(|value| vec![(value + 1).to_string(), value.to_string()]).unwrap_or_default()
        }
        Value::Number(number) => {
            number.as_f64().map(|value| vec![format!("{:?}", value / 2.0)]).unwrap_or_default()
        }
        // What a string or a structure may be instead cannot be guessed.
        _ => Vec::new(),
    };
    drawn.into_iter().chain([String::from("None")]).collect()
}

/// Whether a value can be written to JSON as it is.
pub(super) fn is_json(literal: &str) -> bool {
    !literal.contains("torch.") && !literal.contains("transformers.")
}

fn python_bool(value: bool) -> String {
    if value { "True".into() } else { "False".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_argument_that_is_not_known_is_drawn_by_the_value_that_it_has() {
        assert_eq!(literals("new_flag", &json!(true)), ["False", "True", "None"]);
        assert_eq!(literals("new_count", &json!(7)), ["8", "7", "None"]);
        assert_eq!(literals("new_factor", &json!(0.5)), ["0.25", "None"]);
        assert_eq!(literals("new_thing", &json!(null)), ["None"]);
    }

    #[test]
    fn the_most_telling_value_of_an_argument_is_not_its_default() {
        assert_eq!(literals("do_resize", &json!(true))[0], "False");
        assert_ne!(literals("max_num_patches", &json!(256))[0], "256");
    }
}
