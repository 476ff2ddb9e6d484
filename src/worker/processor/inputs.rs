//! A subject's result as what a model takes.

use anyhow::{Context, Result, ensure};
use tch::{Kind, Tensor};

use crate::{inputs::ModelInputs, worker::observation::Returned};

/// A result as what a model takes, with the dtypes that it has.
pub(super) fn inputs(returned: &Returned) -> Result<ModelInputs> {
    let tensor = |name: &str| -> Result<Tensor> {
        let entry = returned.entries.iter().find(|entry| entry.name == name);
        let entry = entry.with_context(|| format!("{name} is missing from its result"))?;
        ensure!(entry.kind == "tensor", "{name} is a {} instead of a tensor", entry.kind);
        let tensor = returned.tensors.get(name).with_context(|| format!("{name} has no values"))?;
        let kind = kind(&entry.dtype).with_context(|| format!("{name} has the dtype {}", entry.dtype))?;
        Ok(tensor.f_to_kind(kind)?)
    };
    Ok(ModelInputs {
        pixel_values: tensor("pixel_values")?,
        pixel_attention_mask: tensor("pixel_attention_mask")?,
        spatial_shapes: tensor("spatial_shapes")?,
        host_shapes: None,
    })
}

/// torch's dtype of that name, if a processor's result could have it.
fn kind(dtype: &str) -> Option<Kind> {
    Some(match dtype {
        "float16" => Kind::Half,
        "bfloat16" => Kind::BFloat16,
        "float32" => Kind::Float,
        "float64" => Kind::Double,
        "bool" => Kind::Bool,
        "uint8" => Kind::Uint8,
        "int8" => Kind::Int8,
        "int16" => Kind::Int16,
        "int32" => Kind::Int,
        "int64" => Kind::Int64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::Entry;

    fn returned(names: &[&str], dtype: &str) -> Returned {
        let entry = |name: &&str| Entry {
            name: (*name).into(),
            kind: "tensor".into(),
            dtype: dtype.into(),
            shape: vec![1],
            device: "cpu".into(),
            grad: false,
            text: String::new(),
        };
        let tensors = names.iter().map(|name| ((*name).to_owned(), Tensor::from_slice(&[1i64]))).collect();
        Returned { entries: names.iter().map(entry).collect(), tensors, ..Returned::default() }
    }

    #[test]
    fn a_result_keeps_its_dtypes_and_names_what_is_missing() {
        let names = ["pixel_values", "pixel_attention_mask", "spatial_shapes"];
        let found = inputs(&returned(&names, "int32")).unwrap();
        assert!(found.named().iter().all(|(_, tensor)| tensor.kind() == Kind::Int));
        let error = inputs(&returned(&names[..2], "int32")).unwrap_err();
        assert!(error.to_string().contains("spatial_shapes is missing"), "{error}");
        let error = inputs(&returned(&names, "complex64")).unwrap_err();
        assert!(error.to_string().contains("pixel_values has the dtype complex64"), "{error}");
        let mut list = returned(&names, "int64");
        list.entries[1].kind = "list of Tensor".into();
        let error = inputs(&list).unwrap_err();
        assert!(error.to_string().contains("pixel_attention_mask is a list of Tensor"), "{error}");
    }
}
