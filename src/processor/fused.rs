//! The single pass of [`patchmark_fused`] as a [`Processor`]: from a fed batch to torch tensors.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use patchmark_fused::{
    Filter, Job, Layout, Level, Normalization, PixelView, PlanCache, Size, Sizing, Workspace, process_batch,
    process_batch_bytes,
};
use patchmark_results::input_error;
use pyo3::{Python, types::PyListMethods};
use rayon::ThreadPool;
use tch::{Device, Kind, Tensor};

use super::{
    FedBatch, Feed, Parameters, Processor, Resample, Stage, StageClock, output,
    steps::{self, output_length},
};
use crate::{
    inputs::ModelInputs,
    python::{self, Pixels},
};

/// The number of plans that are kept: a folder of photographs has tens of sizes, and a plan takes 10 to 100 KB.
const PLANS: usize = 256;

/// Resize, normalise, patchify and pad in one pass over the pixels.
pub struct Fused {
    name: &'static str,
    feed: Feed,
    parameters: Parameters,
    plans: PlanCache,
    /// None if bytes stay bytes, because neither rescaling nor normalising is requested.
    normalization: Option<Normalization>,
    /// Buffers that are reused between calls; outputs are allocated by each call.
    workspace: Mutex<Workspace>,
    pool: Option<ThreadPool>,
    device: Device,
}

impl Fused {
    /// A processor that is fed images in the form `feed` (Pillow's pixels are read in place) and runs on `threads`
    /// threads, at the level that `PATCHMARK_CPU` names or the fastest, with outputs on `device`.
    ///
    /// # Errors If a parameter is not supported, the level is unknown or not available on this machine, or the system
    /// refuses the threads.
    pub fn new(
        name: &'static str,
        feed: Feed,
        parameters: &Parameters,
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        let level = Level::from_environment().map_err(|error| input_error!("{error}"))?;
        Self::at_level(name, feed, parameters, device, threads, level)
    }

    /// As [`Fused::new`], at a given level.
    ///
    /// # Errors
    /// As [`Fused::new`].
    pub fn at_level(
        name: &'static str,
        feed: Feed,
        parameters: &Parameters,
        device: Device,
        threads: usize,
        level: Level,
    ) -> Result<Self> {
        parameters.validate()?;
        if feed == Feed::Pil {
            // As for transformers' own processors, importing is not part of the first call.
            python::start()?;
        }
        if !level.available() {
            return Err(input_error!("this machine cannot run the level {level}"));
        }
        let sizing = Sizing {
            patch_size: parameters.patch_size,
            max_num_patches: parameters.max_num_patches,
            resize: parameters.do_resize,
            filter: match parameters.resample {
                Resample::Bilinear => Filter::Bilinear,
                Resample::Bicubic => Filter::Bicubic,
            },
        };
        // A single thread is the caller's own, which avoids a hand-over.
        let pool = (threads > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build())
            .transpose()
            .with_context(|| format!("failed to start a thread pool of size {threads}"))?;
        Ok(Self {
            name,
            feed,
            parameters: parameters.clone(),
            plans: PlanCache::new(sizing, level, PLANS),
            normalization: normalization(parameters)?,
            workspace: Mutex::default(),
            pool,
            device,
        })
    }

    /// Runs the pass over images in the form that the kernels take.
    fn run(&self, views: Vec<PixelView<'_>>, clock: &mut StageClock) -> Result<ModelInputs> {
        if views.is_empty() {
            return Err(input_error!("the batch is empty; give at least one image"));
        }
        clock.mark(Stage::Convert);
        let (patch, limit) = (self.parameters.patch_size, self.parameters.max_num_patches);
        let mut jobs = Vec::with_capacity(views.len());
        let mut shapes = Vec::with_capacity(views.len() * 2);
        for (index, view) in views.into_iter().enumerate() {
            let Size { height, width } = view.size();
            let plan = self
                .plans
                .get(view.size(), view.layout())
                .map_err(|error| input_error!("image {index} of the batch, {width}x{height} px: {error}"))?;
            let target = plan.output();
            shapes.extend([(target.height / patch) as i64, (target.width / patch) as i64]);
            jobs.push(Job { view, plan });
        }
        let length = output_length(&shapes, limit)?;
        clock.mark(Stage::SizeSearch);
        let pixel_values = self.pixel_values(&jobs, length)?;
        clock.mark(Stage::OnePass);
        let mut mask = vec![1i32; jobs.len() * limit];
        for (row, shape) in mask.chunks_exact_mut(limit).zip(shapes.chunks_exact(2)) {
            row[limit.min((shape[0] * shape[1]) as usize)..].fill(0);
        }
        let mask = Tensor::f_from_slice(&mask)?.f_view([-1, limit as i64])?;
        let shapes = Tensor::f_from_slice(&shapes)?.f_view([-1, 2])?;
        clock.mark(Stage::PadStack);
        let inputs = ModelInputs {
            pixel_values: output::upload(&pixel_values, self.device)?,
            pixel_attention_mask: output::upload(&mask, self.device)?,
            spatial_shapes: output::upload(&shapes, self.device)?,
            host_shapes: Some(shapes),
        };
        clock.mark(Stage::Upload);
        Ok(inputs)
    }

    fn pixel_values(&self, jobs: &[Job], length: i64) -> Result<Tensor> {
        let patch = self.parameters.patch_size;
        let size = [jobs.len() as i64, length, (patch * patch * 3) as i64];
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let (workspace, pool) = (&mut *workspace, self.pool.as_ref());
        let output = match &self.normalization {
            Some(normalization) => {
                let output = output::empty(&size, Kind::Float, self.device)?;
                // SAFETY: see `elements`; the tensor is f32 and was made here.
                let elements = unsafe { elements::<f32>(&output) };
                process_batch(jobs, normalization, patch, elements, workspace, pool)?;
                output
            }
            None => {
                let output = output::empty(&size, Kind::Uint8, self.device)?;
                // SAFETY: see `elements`; the tensor is u8 and was made here.
                let elements = unsafe { elements::<u8>(&output) };
                process_batch_bytes(jobs, patch, elements, workspace, pool)?;
                output
            }
        };
        Ok(output)
    }
}

impl Processor for Fused {
    fn name(&self) -> &'static str {
        self.name
    }

    fn feed(&self) -> Feed {
        self.feed
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        match self.feed {
            Feed::Hwc | Feed::Elsewhere(_) => {
                let images = batch.hwc()?.iter().map(|image| (&image.rgb[..], image.height, image.width));
                let views =
                    images.enumerate().map(|(index, (data, h, w))| view(index, data, Layout::Rgb, h, w));
                self.run(views.collect::<Result<_>>()?, clock)
            }
            Feed::Chw => {
                let views = batch.chw()?.iter().enumerate().map(|(index, image)| planes(index, image));
                self.run(views.collect::<Result<_>>()?, clock)
            }
            // The interpreter stays attached until the pass has read the pixels that Pillow lends.
            Feed::Pil => Python::attach(|py| {
                let images = batch.pil()?.bind(py).iter();
                let pixels = images.map(|image| Pixels::of(&image)).collect::<Result<Vec<_>>>()?;
                let views = pixels.iter().enumerate().map(|(index, pixels)| {
                    let layout = if pixels.pitch() == 4 { Layout::Rgbx } else { Layout::Rgb };
                    view(index, pixels.bytes(), layout, pixels.size().0, pixels.size().1)
                });
                self.run(views.collect::<Result<_>>()?, clock)
            }),
            Feed::Device(_) => bail!("{} computes on the CPU and takes images in host memory", self.name),
        }
    }
}

fn view(index: usize, data: &[u8], layout: Layout, height: usize, width: usize) -> Result<PixelView<'_>> {
    PixelView::new(data, layout, height, width)
        .map_err(|error| input_error!("image {index} of the batch, {width}x{height} px: {error}"))
}

/// The planes of a uint8 tensor `[3, H, W]`, without a copy.
fn planes(index: usize, image: &Tensor) -> Result<PixelView<'_>> {
    let (channels, height, width) = image.size3()?;
    if channels != 3 || image.kind() != Kind::Uint8 || image.device() != Device::Cpu || !image.is_contiguous()
    {
        bail!("image {index} of the batch is not a contiguous uint8 tensor [3, H, W] on the CPU");
    }
    // SAFETY: the tensor is contiguous u8 on the host, so its elements are `numel` bytes from the first; `image` is
    // borrowed as long as they are, and nothing in this crate writes to a fed batch.
    let bytes = unsafe { std::slice::from_raw_parts(image.data_ptr().cast::<u8>(), image.numel()) };
    view(index, bytes, Layout::Planar, height as usize, width as usize)
}

/// The elements of a tensor, for writing.
///
/// # Safety `tensor` must be contiguous, on the host and of the dtype of `T`, and no other handle to its storage may be
/// used while the elements are.
#[expect(clippy::mut_from_ref, reason = "a tensor is a handle: torch itself writes through shared ones")]
unsafe fn elements<T>(tensor: &Tensor) -> &mut [T] {
    // SAFETY: guaranteed by the caller. Any bits are a valid value of the number types that dtypes have.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<T>(), tensor.numel()) }
}

/// The value of each byte, computed by the same operations that the other processors use.
pub(super) fn normalization(parameters: &Parameters) -> Result<Option<Normalization>> {
    if !parameters.do_rescale && !parameters.do_normalize {
        return Ok(None);
    }
    let _no_grad = tch::no_grad_guard();
    let bytes =
        Tensor::f_arange(256, (Kind::Uint8, Device::Cpu))?.f_view([1, 16, 16])?.f_repeat([3, 1, 1])?;
    let values =
        Vec::<f32>::try_from(&steps::Normalization::new(parameters)?.apply(bytes)?.f_flatten(0, -1)?)?;
    let table = |channel: usize| std::array::from_fn(|byte| values[channel * 256 + byte]);
    Ok(Some(Normalization::new([table(0), table(1), table(2)])))
}
