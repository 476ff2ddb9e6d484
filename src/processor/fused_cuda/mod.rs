//! The single pass of [`patchmark_fused_cuda`] as a [`Processor`]: decoded images are uploaded unchanged, and one
//! launch makes all three tensors from them.

mod images;
mod upload;

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use patchmark_fused::{Filter, Size, Sizing};
use patchmark_fused_cuda::{self as cuda, Batch, Element, Outputs, Planner, Source, Staging, Stream};
use patchmark_results::input_error;
use rayon::ThreadPool;
use tch::{Device, Kind, Tensor};

use self::{
    images::Images,
    upload::{Place, fill, layout, parts},
};
use super::{
    FedBatch, Feed, Parameters, Processor, Resample, Stage, StageClock, fused::normalization,
    steps::output_length,
};
use crate::{cache_folder::cache_folder, inputs::ModelInputs, python};

/// The number of plans that are kept on the host; see [`super::Fused`].
const PLANS: usize = 256;

/// The largest number of threads that copy: so many are faster than the bus, and more would take CPUs from the thread
/// that submits the forward.
const COPIERS: usize = 8;

/// One upload and one launch per batch, on torch's current stream and in torch's memory.
pub struct FusedCuda {
    name: &'static str,
    feed: Feed,
    parameters: Parameters,
    planner: Planner,
    gpu: cuda::Device,
    device: Device,
    index: usize,
    staging: Mutex<Staging>,
    pool: ThreadPool,
}

impl FusedCuda {
    /// A processor on a CUDA device, with f32 outputs (bytes if neither rescaling nor normalising is requested).
    /// `threads` threads copy its images to page-locked memory.
    ///
    /// # Errors
    /// As for [`FusedCuda::with_element`].
    pub fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        Self::with_element(parameters, device, threads, Element::F32)
    }

    /// As [`FusedCuda::new`], for images that are already on the device: only the table of their addresses is uploaded.
    ///
    /// # Errors
    /// As for [`FusedCuda::with_element`].
    pub fn resident(parameters: &Parameters, device: Device) -> Result<Self> {
        let processor = Self::new(parameters, device, 1)?;
        Ok(Self { name: "fused-cuda-resident", feed: Feed::Device(device), ..processor })
    }

    /// As [`FusedCuda::new`], with f32, bf16 or f16 outputs, rounded to nearest even.
    ///
    /// # Errors An input error if `device` is not a CUDA device or a parameter is not supported; another error if the
    /// driver or the compiler is missing or fails.
    pub fn with_element(
        parameters: &Parameters,
        device: Device,
        threads: usize,
        element: Element,
    ) -> Result<Self> {
        parameters.validate()?;
        let Device::Cuda(index) = device else {
            return Err(input_error!("processor fused-cuda needs a GPU; give --device cuda:N, or use fused"));
        };
        let sizing = Sizing {
            patch_size: parameters.patch_size,
            max_num_patches: parameters.max_num_patches,
            resize: parameters.do_resize,
            filter: match parameters.resample {
                Resample::Bilinear => Filter::Bilinear,
                Resample::Bicubic => Filter::Bicubic,
            },
        };
        let planner = match normalization(parameters)? {
            Some(normalization) => Planner::new(sizing, element, normalization.tables(), PLANS),
            None => Planner::new(sizing, Element::U8, &[[0.0; 256]; 3], PLANS),
        };
        let libraries = python::kernel::libraries()?;
        let cache = cache_folder().map(|folder| folder.join("kernels"));
        let gpu = cuda::Device::new(&planner, i32::try_from(index)?, &libraries, cache)
            .with_context(|| format!("failed to prepare the kernel on cuda:{index}"))?;
        let threads = threads.min(COPIERS);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .with_context(|| format!("failed to start a thread pool of size {threads}"))?;
        Ok(Self {
            name: "fused-cuda",
            feed: Feed::Hwc,
            parameters: parameters.clone(),
            planner,
            gpu,
            device,
            index,
            staging: Mutex::default(),
            pool,
        })
    }

    /// Plans the batch; the error names an image that is not supported.
    fn plan(&self, sizes: &[Size]) -> Result<Batch> {
        if sizes.is_empty() {
            return Err(input_error!("the batch is empty; give at least one image"));
        }
        let plans = self.planner.plans(sizes).map_err(|(index, error)| {
            let Size { height, width } = sizes[index];
            input_error!("image {index} of the batch, {width}x{height} px: {error}")
        })?;
        let patch = self.parameters.patch_size;
        let mut shapes = Vec::with_capacity(sizes.len() * 2);
        for target in plans.iter().map(|plan| plan.output()) {
            shapes.extend([(target.height / patch) as i64, (target.width / patch) as i64]);
        }
        let length = output_length(&shapes, self.parameters.max_num_patches)?;
        Batch::of_plans(&self.planner, plans, length as usize).map_err(|error| input_error!("{error}"))
    }

    /// Memory for all three outputs of a batch.
    fn outputs(&self, batch: &Batch, count: i64) -> Result<ModelInputs> {
        let empty = |size: &[i64], kind| Tensor::f_empty(size, (kind, self.device));
        let row = (self.parameters.patch_size.pow(2) * 3) as i64;
        Ok(ModelInputs {
            pixel_values: empty(&[count, batch.length() as i64, row], kind(self.planner.element()))?,
            pixel_attention_mask: empty(&[count, self.parameters.max_num_patches as i64], Kind::Int)?,
            spatial_shapes: empty(&[count, 2], Kind::Int64)?,
            host_shapes: None,
        })
    }
}

/// The rows and columns of patches of each image, i64 `[B, 2]` on the host.
fn host_shapes(batch: &Batch) -> Result<Tensor> {
    let shapes: Vec<i64> = batch.shapes().flat_map(|[rows, columns]| [rows as i64, columns as i64]).collect();
    Ok(Tensor::f_from_slice(&shapes)?.f_view([-1, 2])?)
}

impl Processor for FusedCuda {
    fn name(&self) -> &'static str {
        self.name
    }

    fn feed(&self) -> Feed {
        self.feed
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        let _no_grad = tch::no_grad_guard();
        let images = Images::of(batch, self.feed)?;
        let sizes = images.sizes()?;
        let batch = self.plan(&sizes)?;
        clock.mark(Stage::SizeSearch);

        // Before taking the lock, because a thread that holds the lock must not wait for the interpreter.
        let stream = Stream(python::kernel::current_stream(self.index)?);
        // Held until the launch, because nothing else may be placed or staged in between.
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        let plans = self.gpu.place(&batch, stream)?;
        let table = batch.table_length(&self.planner);
        let (places, total) = match images {
            Images::Host(images) => layout(table, images),
            Images::Device(_) => (Vec::new(), table),
        };
        let input = Tensor::f_empty([total as i64], (Kind::Uint8, self.device))?;
        let mut inputs = self.outputs(&batch, batch.plans().len() as i64)?;
        let address = |tensor: &Tensor| tensor.data_ptr() as u64;
        let outputs = Outputs {
            values: address(&inputs.pixel_values),
            mask: address(&inputs.pixel_attention_mask),
            shapes: address(&inputs.spatial_shapes),
        };
        let start = address(&input);
        let sources = sources(&images, &places, start, &sizes);
        clock.mark(Stage::PadStack);

        let mut upload = staging.begin(&self.gpu, total, start, stream)?;
        let (bytes, sender) = upload.split();
        let launch = batch.write(&self.planner, &mut bytes[..table], start, &sources, &plans, outputs)?;
        // SAFETY: the table was just written. `input` has `total` bytes, and torch reuses its memory only for later
        // work on this stream.
        unsafe { sender.send(0..table) }?;
        if let Images::Host(images) = images {
            fill(&self.pool, &parts(images, &places), bytes, |part| {
                // SAFETY: as above; `fill` passes only parts that it has written.
                Ok(unsafe { sender.send(part) }?)
            })?;
        }
        clock.mark(Stage::Upload);

        // SAFETY: the launch belongs to this batch. On this stream, the table and the images were sent to where the
        // launch reads them, or the images are tensors on the device that their owner made on this stream. The outputs
        // were allocated for the launch, and torch reuses the memory of all of them only for later work on this stream.
        // The plans were placed under the same lock.
        unsafe { self.gpu.launch(&batch, &launch, stream) }?;
        // Made while the device works.
        inputs.host_shapes = Some(host_shapes(&batch)?);
        clock.mark(Stage::OnePass);
        Ok(inputs)
    }
}

/// Where each image lies on the device: in the input at `start`, or where its owner keeps it.
fn sources(images: &Images<'_>, places: &[Place], start: u64, sizes: &[Size]) -> Vec<Source> {
    match images {
        Images::Host(_) => places
            .iter()
            .map(|place| Source { address: start + place.start as u64, pitch: place.pitch })
            .collect(),
        Images::Device(images) => images
            .iter()
            .zip(sizes)
            .map(|(image, size)| Source { address: image.data_ptr() as u64, pitch: size.width * 3 })
            .collect(),
    }
}

/// torch's dtype for an element.
fn kind(element: Element) -> Kind {
    match element {
        Element::F32 => Kind::Float,
        Element::Bf16 => Kind::BFloat16,
        Element::F16 => Kind::Half,
        Element::U8 => Kind::Uint8,
    }
}
