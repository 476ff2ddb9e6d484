//! The tensors of a safetensors file, apart from how many images it holds.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use patchmark_results::{input_error, shards::RowTensor};
use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};
use tch::Kind;

use crate::{inputs::ModelInputs, processor::Parameters};

/// The bytes before the header, which hold its length.
const LENGTH_BYTES: usize = size_of::<u64>();

/// The tensors of every file of an output, without their first dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Name, dtype and shape of one row, in the order of the file: widest dtype first, as the safetensors library has it,
    /// so that every tensor is aligned.
    tensors: Vec<(&'static str, Dtype, Vec<usize>)>,
}

impl Layout {
    fn new(mut tensors: Vec<(&'static str, Dtype, Vec<usize>)>) -> Self {
        tensors.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        Self { tensors }
    }

    /// What processors with these parameters give, if no image exceeds `max_num_patches`.
    pub(super) fn expected(parameters: &Parameters) -> Self {
        let (limit, patch) = (parameters.max_num_patches, parameters.patch_size);
        let bytes_stay = !parameters.do_rescale && !parameters.do_normalize;
        let values = if bytes_stay { Dtype::U8 } else { Dtype::F32 };
        Self::new(vec![
            ("pixel_values", values, vec![limit, patch * patch * 3]),
            ("pixel_attention_mask", Dtype::I32, vec![limit]),
            ("spatial_shapes", Dtype::I64, vec![2]),
        ])
    }

    /// What these inputs are.
    ///
    /// # Errors
    /// If a tensor has no rows or a dtype that processors do not give.
    pub(super) fn of(inputs: &ModelInputs) -> Result<Self> {
        let row = |(name, tensor): (&'static str, &tch::Tensor)| {
            let dtype = match tensor.kind() {
                Kind::Float => Dtype::F32,
                Kind::Int => Dtype::I32,
                Kind::Int64 => Dtype::I64,
                Kind::Uint8 => Dtype::U8,
                other => bail!("{name} is of dtype {other:?}, which no processor should give"),
            };
            let size = tensor.size();
            let (_, row) = size.split_first().with_context(|| format!("{name} has no dimension"))?;
            Ok((name, dtype, row.iter().map(|&side| side as usize).collect()))
        };
        inputs.named().into_iter().map(row).collect::<Result<_>>().map(Self::new)
    }

    /// Checks that rows of `other` can follow rows of this layout in one output.
    ///
    /// # Errors
    /// An input error if they cannot: without resizing, images of several sizes may not be stacked.
    pub(super) fn accept(&self, other: &Self) -> Result<()> {
        let shape = |layout: &Self| {
            let shapes = layout.tensors.iter().map(|(name, _, shape)| format!("{name} {shape:?}"));
            shapes.collect::<Vec<_>>().join(", ")
        };
        if self == other {
            return Ok(());
        }
        Err(input_error!(
            "images of {} and of {} cannot be stacked: without do_resize an image may exceed max_num_patches; set do_resize \
             or raise max_num_patches",
            shape(self),
            shape(other)
        ))
    }

    /// The names in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.tensors.iter().map(|(name, ..)| *name)
    }

    /// The bytes of one image in each tensor, in the order of the file.
    pub(super) fn row_bytes(&self) -> impl Iterator<Item = u64> {
        self.tensors
            .iter()
            .map(|(_, dtype, shape)| (dtype.bitsize() / 8 * shape.iter().product::<usize>()) as u64)
    }

    /// The bytes of one image in all tensors.
    pub(super) fn image_bytes(&self) -> u64 {
        self.row_bytes().sum()
    }

    /// The bytes of a file with `rows` images.
    ///
    /// # Errors
    /// If it would be larger than any file.
    pub(super) fn file_bytes(&self, rows: u64) -> Result<u64> {
        let header = self.header(rows)?.len() as u64;
        self.image_bytes()
            .checked_mul(rows)
            .and_then(|bytes| bytes.checked_add(header))
            .context("the output would be larger than any file")
    }

    /// The beginning of a file with `rows` images: the length of the header, and the header, which ends at a multiple of 8.
    ///
    /// # Errors
    /// If the tensors would be larger than any file.
    pub(super) fn header(&self, rows: u64) -> Result<Vec<u8>> {
        let rows = usize::try_from(rows)?;
        let mut tensors = Vec::new();
        let mut start = 0_usize;
        for ((name, dtype, shape), bytes) in self.tensors.iter().zip(self.row_bytes()) {
            let end = usize::try_from(bytes)?.checked_mul(rows).and_then(|bytes| bytes.checked_add(start));
            let end = end.context("the output would be larger than any file")?;
            let shape = [&[rows], shape.as_slice()].concat();
            tensors
                .push(((*name).to_owned(), TensorInfo { dtype: *dtype, shape, data_offsets: (start, end) }));
            start = end;
        }
        let mut json = serde_json::to_vec(&Metadata::new(None, tensors)?)?;
        json.resize(json.len().next_multiple_of(LENGTH_BYTES), b' ');
        Ok([&(json.len() as u64).to_le_bytes(), json.as_slice()].concat())
    }

    /// The tensors as an index describes them.
    pub(super) fn described(&self) -> BTreeMap<String, RowTensor> {
        let described = |(name, dtype, shape): &(&str, Dtype, Vec<usize>)| {
            ((*name).to_owned(), RowTensor { dtype: dtype.to_string(), shape: shape.clone() })
        };
        self.tensors.iter().map(described).collect()
    }
}
