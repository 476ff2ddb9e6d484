//! The one pass of [`patchmark_fused_cuda`] as a [`Processor`]: a batch is uploaded as it is decoded, and one launch
//! makes all three tensors of it.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use patchmark_fused::{Filter, Size, Sizing};
use patchmark_fused_cuda::{self as cuda, Batch, Element, Outputs, Planner, Source, Staging, Stream};
use rayon::{ThreadPool, prelude::*};
use tch::{Device, Kind, Tensor};

use super::{
    FedBatch, Feed, Parameters, Processor, Resample, Stage, StageClock, fused::normalization,
    steps::output_length,
};
use crate::{cache_folder::cache_folder, input_error, inputs::ModelInputs, python, workload::DecodedImage};

/// Plans that are kept on the host; see [`super::Fused`].
const PLANS: usize = 256;

/// Bytes of a batch that are copied to pinned memory before their upload starts, so that the bus works while the
/// next ones are copied.
const PART: usize = 8 << 20;

/// Threads that copy, at the most: as many outrun the bus, and more take the CPUs from whoever submits the forward.
const COPIERS: usize = 8;

/// Bytes of an image that one thread copies at a time, about.
const BAND: usize = 256 << 10;

/// Addresses that start a row: what the kernel reads fastest.
const ROW: usize = 16;

/// One upload and one launch a batch, on torch's current stream and in torch's memory.
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
    /// A processor on a CUDA device, whose outputs are f32 (bytes where neither rescaling nor normalising is asked
    /// for) and whose images are copied to pinned memory by `threads` threads.
    ///
    /// # Errors
    /// As for [`FusedCuda::with_element`].
    pub fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        Self::with_element(parameters, device, threads, Element::F32)
    }

    /// As [`FusedCuda::new`], for images that lie on the device already: nothing is uploaded but the table that says
    /// where they are.
    ///
    /// # Errors
    /// As for [`FusedCuda::with_element`].
    pub fn resident(parameters: &Parameters, device: Device) -> Result<Self> {
        let processor = Self::new(parameters, device, 1)?;
        Ok(Self { name: "fused-cuda-resident", feed: Feed::Device(device), ..processor })
    }

    /// As [`FusedCuda::new`], with f32, bf16 or f16 outputs, rounded to nearest even.
    ///
    /// # Errors
    /// An input error where `device` is no CUDA device or a parameter cannot be served; otherwise where the driver or
    /// the compiler is missing or fails.
    pub fn with_element(
        parameters: &Parameters,
        device: Device,
        threads: usize,
        element: Element,
    ) -> Result<Self> {
        parameters.validate()?;
        let Device::Cuda(index) = device else {
            return Err(input_error!(
                "processor fused-cuda needs a GPU; give --device cuda:N, or take fused"
            ));
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
            .with_context(|| format!("failed to make the kernel ready on cuda:{index}"))?;
        let threads = threads.min(COPIERS);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .with_context(|| format!("failed to start {threads} threads"))?;
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

    /// Plans the batch; an image that cannot be served is named.
    fn plan(&self, sizes: &[Size]) -> Result<Batch> {
        if sizes.is_empty() {
            return Err(input_error!("the batch is empty; give at least one image"));
        }
        let patch = self.parameters.patch_size;
        let mut shapes = Vec::with_capacity(sizes.len() * 2);
        for (index, &size) in sizes.iter().enumerate() {
            let plan = self.planner.plan(size).map_err(|error| {
                input_error!("image {index} of the batch, {}x{} px: {error}", size.width, size.height)
            })?;
            let target = plan.output();
            shapes.extend([(target.height / patch) as i64, (target.width / patch) as i64]);
        }
        let length = output_length(&shapes, self.parameters.max_num_patches)?;
        Batch::new(&self.planner, sizes, length as usize).map_err(|error| input_error!("{error}"))
    }

    /// Memory for all three outputs of a batch.
    fn outputs(&self, batch: &Batch, count: i64) -> Result<ModelInputs> {
        let empty = |size: &[i64], kind| Tensor::f_empty(size, (kind, self.device));
        let row = (self.parameters.patch_size.pow(2) * 3) as i64;
        let shapes: Vec<i64> =
            batch.shapes().flat_map(|[rows, columns]| [rows as i64, columns as i64]).collect();
        Ok(ModelInputs {
            pixel_values: empty(&[count, batch.length() as i64, row], kind(self.planner.element()))?,
            pixel_attention_mask: empty(&[count, self.parameters.max_num_patches as i64], Kind::Int)?,
            spatial_shapes: empty(&[count, 2], Kind::Int64)?,
            host_shapes: Some(Tensor::f_from_slice(&shapes)?.f_view([count, 2])?),
        })
    }
}

/// The images of a batch, wherever they lie.
enum Images<'a> {
    Host(&'a [Arc<DecodedImage>]),
    Device(&'a [Tensor]),
}

impl<'a> Images<'a> {
    fn of(batch: &'a FedBatch, feed: Feed) -> Result<Self> {
        let Feed::Device(device) = feed else { return Ok(Self::Host(batch.hwc()?)) };
        let images = batch.device()?;
        // The kernel reads what it is told, so that this must be true.
        for (index, image) in images.iter().enumerate() {
            let size = image.size();
            let whole = matches!(size.as_slice(), [.., 3]) && size.len() == 3 && image.is_contiguous();
            if image.device() != device || image.kind() != Kind::Uint8 || !whole {
                bail!(
                    "image {index} of the batch is {:?} {size:?} on {:?}; give contiguous uint8 [H, W, 3] on {device:?}",
                    image.kind(),
                    image.device()
                );
            }
        }
        Ok(Self::Device(images))
    }

    fn sizes(&self) -> Result<Vec<Size>> {
        match self {
            Self::Host(images) => {
                Ok(images.iter().map(|image| Size { height: image.height, width: image.width }).collect())
            }
            Self::Device(images) => images
                .iter()
                .map(|image| {
                    let (height, width, _) = image.size3()?;
                    Ok(Size { height: height as usize, width: width as usize })
                })
                .collect(),
        }
    }
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
        let batch = self.plan(&images.sizes()?)?;
        clock.mark(Stage::SizeSearch);

        // Asked for before the lock: the interpreter must not be waited for by whoever holds it.
        let stream = Stream(python::kernel::current_stream(self.index)?);
        // Held until the launch: nothing else may be placed or staged between.
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        let plans = self.gpu.place(&batch, stream)?;
        let table = batch.table_length(&self.planner);
        let (places, total) = match images {
            Images::Host(images) => layout(table, images),
            Images::Device(_) => (Vec::new(), table),
        };
        let input = Tensor::f_empty([total as i64], (Kind::Uint8, self.device))?;
        let inputs = self.outputs(&batch, batch.plans().len() as i64)?;
        let address = |tensor: &Tensor| tensor.data_ptr() as u64;
        let outputs = Outputs {
            values: address(&inputs.pixel_values),
            mask: address(&inputs.pixel_attention_mask),
            shapes: address(&inputs.spatial_shapes),
        };
        let start = address(&input);
        let sources: Vec<Source> = match images {
            Images::Host(_) => places
                .iter()
                .map(|place| Source { address: start + place.start as u64, pitch: place.pitch })
                .collect(),
            Images::Device(images) => images
                .iter()
                .map(|image| Source { address: address(image), pitch: image.stride()[0] as usize })
                .collect(),
        };
        clock.mark(Stage::PadStack);

        let mut upload = staging.begin(&self.gpu, total, start, stream)?;
        let launch = batch.write(&self.planner, upload.part(0..table)?, start, &sources, &plans, outputs)?;
        match images {
            Images::Host(images) => {
                let mut from = 0;
                for (images, places, end) in parts(images, &places, total) {
                    // The first part begins with the table, which is written already.
                    let pixels = places.first().map_or(from, |place| place.start);
                    let bytes = upload.part(pixels..end)?;
                    self.pool.install(|| copy(images, places, bytes));
                    // SAFETY: `input` has `total` bytes; torch hands its memory on only to later work of this stream.
                    unsafe { upload.send(from..end) }?;
                    from = end;
                }
            }
            // SAFETY: as above; the table is all of it.
            Images::Device(_) => unsafe { upload.send(0..total) }?,
        }
        clock.mark(Stage::Upload);

        // SAFETY: the launch is of this batch; table and images were sent to where it reads them on this stream, or the
        // images are tensors on the device that their owner made on it; the outputs were allocated for it, and torch
        // hands the memory of all on only to later work of this stream. The plans were placed under the same lock.
        unsafe { self.gpu.launch(&batch, &launch, stream) }?;
        clock.mark(Stage::OnePass);
        Ok(inputs)
    }
}

/// The dtype of torch for an element.
fn kind(element: Element) -> Kind {
    match element {
        Element::F32 => Kind::Float,
        Element::Bf16 => Kind::BFloat16,
        Element::F16 => Kind::Half,
        Element::U8 => Kind::Uint8,
    }
}

/// Where an image lies in the uploaded buffer.
struct Place {
    start: usize,
    pitch: usize,
    length: usize,
}

/// Lays images out behind a table, rows at multiples of [`ROW`]: places and bytes of everything.
fn layout(table: usize, images: &[Arc<DecodedImage>]) -> (Vec<Place>, usize) {
    let mut end = table.next_multiple_of(256);
    let place = |image: &Arc<DecodedImage>| {
        let pitch = (image.width * 3).next_multiple_of(ROW);
        let place = Place { start: end, pitch, length: pitch * image.height };
        end += place.length;
        place
    };
    let places = images.iter().map(place).collect();
    (places, end)
}

/// Runs of images of [`PART`] bytes or a little more, each with its places and the end of its bytes.
fn parts<'a>(
    images: &'a [Arc<DecodedImage>],
    places: &'a [Place],
    total: usize,
) -> impl Iterator<Item = (&'a [Arc<DecodedImage>], &'a [Place], usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let start = places.get(first)?.start;
        let more = places[first..].iter().position(|place| place.start - start >= PART);
        let last = more.map_or(places.len(), |more| first + more);
        let end = places.get(last).map_or(total, |place| place.start);
        let part = (&images[first..last], &places[first..last], end);
        first = last;
        Some(part)
    })
}

/// Copies images to their places in `bytes`, which begins with the first of them, in bands of rows: a single image is
/// copied by several threads too.
fn copy(images: &[Arc<DecodedImage>], places: &[Place], bytes: &mut [u8]) {
    let mut rest = bytes;
    let mut tasks = Vec::with_capacity(images.len());
    for (image, place) in images.iter().zip(places) {
        let (own, others) = std::mem::take(&mut rest).split_at_mut(place.length);
        rest = others;
        let (row, rows) = (image.width * 3, (BAND / place.pitch).max(1));
        let bands = own.chunks_mut(rows * place.pitch).zip(image.rgb.chunks(rows * row));
        tasks.extend(bands.map(|(to, from)| (row, place.pitch, to, from)));
    }
    tasks.into_par_iter().for_each(|(row, pitch, to, from)| {
        if row == pitch {
            to.copy_from_slice(from);
        } else {
            for (to, from) in to.chunks_exact_mut(pitch).zip(from.chunks_exact(row)) {
                to[..row].copy_from_slice(from);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_on_the_device_are_told_from_what_is_none() {
        let image = Arc::new(DecodedImage::new("image", 5, 3, (0..45).collect()).unwrap());
        // A CPU serves as the device here.
        let feed = Feed::Device(Device::Cpu);
        let batch = FedBatch::new(feed, &[image]).unwrap();
        assert_eq!(Images::of(&batch, feed).unwrap().sizes().unwrap(), [Size { height: 3, width: 5 }]);
        let right = || Tensor::from_slice(&[0u8; 45]).view([3, 5, 3]);
        assert_eq!(
            batch.device().unwrap()[0],
            Tensor::from_slice(&(0..45).collect::<Vec<u8>>()).view([3, 5, 3])
        );
        assert!(Images::of(&FedBatch::Device(vec![right()]), Feed::Device(Device::Cuda(0))).is_err());
        for wrong in [
            right().to_kind(Kind::Float),
            right().view([5, 9]),
            right().transpose(0, 1),
            right().view([3, 3, 5]),
        ] {
            let error = Images::of(&FedBatch::Device(vec![right(), wrong]), feed).err().unwrap().to_string();
            assert!(error.starts_with("image 1 of the batch"), "{error}");
        }
        assert!(Images::of(&FedBatch::Hwc(Vec::new()), feed).is_err());
    }

    #[test]
    fn images_lie_one_behind_another_and_every_byte_is_sent_once() {
        let image = |width: usize, height: usize, seed: usize| {
            let rgb = (0..width * height * 3).map(|at| (at * 31 + seed) as u8).collect();
            Arc::new(DecodedImage::new("image", width, height, rgb).unwrap())
        };
        let images =
            [image(1024, 768, 0), image(5, 3, 1), image(1999, 1000, 2), image(2048, 2048, 3), image(1, 1, 4)];
        let (places, total) = layout(1000, &images);
        assert!(places.iter().all(|place| place.start % ROW == 0 && place.pitch % ROW == 0));
        let mut buffer = vec![0; total];
        let (mut sent, mut count) = (0, 0);
        for (images, places, end) in parts(&images, &places, total) {
            assert!(places[0].start >= sent && end > sent);
            copy(images, places, &mut buffer[places[0].start..end]);
            sent = end;
            count += 1;
        }
        assert_eq!((sent, count), (total, 2));
        for (image, place) in images.iter().zip(&places) {
            for (y, row) in image.rgb.chunks_exact(image.width * 3).enumerate() {
                assert_eq!(&buffer[place.start + y * place.pitch..][..row.len()], row);
            }
        }
    }
}
