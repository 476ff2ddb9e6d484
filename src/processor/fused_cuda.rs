//! The one pass of [`patchmark_fused_cuda`] as a [`Processor`]: a batch is uploaded as it is decoded, and one launch
//! makes all three tensors of it.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use patchmark_fused::{Filter, Size, Sizing};
use patchmark_fused_cuda::{self as cuda, Batch, Element, Outputs, Planner, Source, Staging, Stream};
use rayon::ThreadPool;
use tch::{Device, Kind, Tensor};

use super::{
    FedBatch, Feed, Parameters, Processor, Resample, Stage, StageClock, fused::normalization,
    steps::output_length,
};
use crate::{cache_folder::cache_folder, input_error, inputs::ModelInputs, python, workload::DecodedImage};

/// Plans that are kept on the host; see [`super::Fused`].
const PLANS: usize = 256;

/// Bytes of a batch, about, that one thread copies to pinned memory at a time: few, so that the bus soon has work.
const PART: usize = 256 << 10;

/// Threads that copy, at the most: as many outrun the bus, and more take the CPUs from whoever submits the forward.
const COPIERS: usize = 8;

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

/// Rows and columns of patches of each image, i64 `[B, 2]` on the host.
fn host_shapes(batch: &Batch) -> Result<Tensor> {
    let shapes: Vec<i64> = batch.shapes().flat_map(|[rows, columns]| [rows as i64, columns as i64]).collect();
    Ok(Tensor::f_from_slice(&shapes)?.f_view([-1, 2])?)
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
            let whole = matches!(image.size3(), Ok((_, _, 3))) && image.is_contiguous();
            if image.device() != device || image.kind() != Kind::Uint8 || !whole {
                bail!(
                    "image {index} of the batch is {:?} {:?} on {:?}; give contiguous uint8 [H, W, 3] on {device:?}",
                    image.kind(),
                    image.size(),
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
        let sizes = images.sizes()?;
        let batch = self.plan(&sizes)?;
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
        let mut inputs = self.outputs(&batch, batch.plans().len() as i64)?;
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
                .zip(&sizes)
                .map(|(image, size)| Source { address: address(image), pitch: size.width * 3 })
                .collect(),
        };
        clock.mark(Stage::PadStack);

        let mut upload = staging.begin(&self.gpu, total, start, stream)?;
        let (bytes, sender) = upload.split();
        let launch = batch.write(&self.planner, &mut bytes[..table], start, &sources, &plans, outputs)?;
        // SAFETY: the table was just written. `input` has `total` bytes; torch hands its memory on only to later work of
        // this stream.
        unsafe { sender.send(0..table) }?;
        if let Images::Host(images) = images {
            fill(&self.pool, &parts(images, &places), bytes, |part| {
                // SAFETY: as above; `fill` hands out what it has written.
                Ok(unsafe { sender.send(part) }?)
            })?;
        }
        clock.mark(Stage::Upload);

        // SAFETY: the launch is of this batch; table and images were sent to where it reads them on this stream, or the
        // images are tensors on the device that their owner made on it; the outputs were allocated for it, and torch
        // hands the memory of all on only to later work of this stream. The plans were placed under the same lock.
        unsafe { self.gpu.launch(&batch, &launch, stream) }?;
        // While the device works.
        inputs.host_shapes = Some(host_shapes(&batch)?);
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

/// Rows of one image that are copied to a place in the buffer.
struct Band<'a> {
    start: usize,
    pitch: usize,
    row: usize,
    pixels: &'a [u8],
}

impl Band<'_> {
    fn rows(&self) -> usize {
        self.pixels.len() / self.row
    }

    fn end(&self) -> usize {
        self.start + self.rows() * self.pitch
    }

    /// Copies the rows to `to`, which begins with the first.
    fn copy(&self, to: &mut [u8]) {
        if self.row == self.pitch {
            cuda::copy_streaming(to, self.pixels);
        } else {
            for (to, from) in to.chunks_exact_mut(self.pitch).zip(self.pixels.chunks_exact(self.row)) {
                cuda::copy_streaming(&mut to[..self.row], from);
            }
        }
    }
}

/// The rows of all images in runs of about [`PART`] bytes, none empty: a large image is cut, small ones go together.
fn parts<'a>(images: &'a [Arc<DecodedImage>], places: &[Place]) -> Vec<Vec<Band<'a>>> {
    let mut parts: Vec<Vec<Band<'a>>> = Vec::new();
    let mut room = 0;
    for (image, &Place { start, pitch, .. }) in images.iter().zip(places) {
        let row = image.width * 3;
        let rows = (PART / pitch).max(1);
        for (index, pixels) in image.rgb.chunks(rows * row).enumerate() {
            let band = Band { start: start + index * rows * pitch, pitch, row, pixels };
            let bytes = band.end() - band.start;
            match parts.last_mut().filter(|_| bytes <= room) {
                Some(part) => part.push(band),
                None => {
                    room = PART;
                    parts.push(vec![band]);
                }
            }
            room = room.saturating_sub(bytes);
        }
    }
    parts
}

/// A part that is not copied yet, and where it goes.
type Task<'a> = Mutex<Option<(&'a [Band<'a>], &'a mut [u8])>>;

/// Says that a part is filled when dropped, also by a panic: nobody may wait for it for ever.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What the threads of an upload share: parts are taken in order, each by one thread.
struct Filling<'a> {
    tasks: Vec<Task<'a>>,
    filled: Vec<AtomicBool>,
    next: AtomicUsize,
}

impl Filling<'_> {
    /// Copies the next part; false where there is none.
    fn copy_one(&self) -> bool {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(task) = self.tasks.get(index) else { return false };
        let _done = Done(&self.filled[index]);
        if let Some((part, to)) = task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let start = part[0].start;
            for band in part {
                band.copy(&mut to[band.start - start..band.end() - start]);
            }
        }
        true
    }

    /// How many parts from `sent` on are filled, one behind another.
    fn ready(&self, sent: usize) -> usize {
        self.filled[sent..].iter().take_while(|filled| filled.load(Ordering::Acquire)).count()
    }
}

/// Fills `buffer` with all parts, by the threads of `pool` and this one, and calls `send` with what is filled as soon as it
/// is, from the front: the bus works while the rest is copied. This thread never sleeps meanwhile, as waking it would
/// take as long as many parts do.
///
/// # Errors
/// The first of `send`; what is being copied then is copied to its end.
fn fill(
    pool: &ThreadPool,
    parts: &[Vec<Band<'_>>],
    buffer: &mut [u8],
    mut send: impl FnMut(Range<usize>) -> Result<()>,
) -> Result<()> {
    let ends: Vec<usize> = parts.iter().filter_map(|part| part.last()).map(Band::end).collect();
    let Some(mut at) = parts.first().map(|part| part[0].start) else { return Ok(()) };
    let mut rest = &mut buffer[at..];
    let mut begin = at;
    let mut tasks = Vec::with_capacity(parts.len());
    for (part, &end) in parts.iter().zip(&ends) {
        let (own, others) = std::mem::take(&mut rest).split_at_mut(end - begin);
        (rest, begin) = (others, end);
        tasks.push(Mutex::new(Some((part.as_slice(), own))));
    }
    let filled = parts.iter().map(|_| AtomicBool::new(false)).collect();
    let filling = &Filling { tasks, filled, next: AtomicUsize::new(0) };
    pool.in_place_scope(|scope| {
        for _ in 0..pool.current_num_threads().min(parts.len() - 1) {
            scope.spawn(|_| while filling.copy_one() {});
        }
        let mut sent = 0;
        while sent < parts.len() {
            let ready = filling.ready(sent);
            if ready > 0 {
                sent += ready;
                let end = ends[sent - 1];
                if let Err(error) = send(at..end) {
                    filling.next.store(parts.len(), Ordering::Relaxed);
                    return Err(error);
                }
                at = end;
            } else if !filling.copy_one() {
                std::thread::yield_now();
            }
        }
        Ok(())
    })
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
    fn what_cannot_be_sent_ends_the_upload() {
        let image = Arc::new(DecodedImage::new("image", 2048, 2048, vec![7; 2048 * 2048 * 3]).unwrap());
        let (places, total) = layout(0, std::slice::from_ref(&image));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let mut calls = 0;
        let failed = fill(&pool, &parts(&[image], &places), &mut vec![0; total], |_| {
            calls += 1;
            bail!("cuMemcpyHtoDAsync failed")
        });
        assert_eq!((failed.unwrap_err().to_string().as_str(), calls), ("cuMemcpyHtoDAsync failed", 1));
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
        let parts = parts(&images, &places);
        // Five images: of the larger ones each has several parts, and the two smallest go with a neighbour.
        assert!((70..85).contains(&parts.len()), "{}", parts.len());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let mut buffer = vec![0; total];
        let mut sent = places[0].start;
        fill(&pool, &parts, &mut buffer, |part| {
            assert!(part.start == sent && part.end > sent, "{part:?} after {sent}");
            sent = part.end;
            Ok(())
        })
        .unwrap();
        assert_eq!(sent, total);
        for (image, place) in images.iter().zip(&places) {
            for (y, row) in image.rgb.chunks_exact(image.width * 3).enumerate() {
                assert_eq!(&buffer[place.start + y * place.pitch..][..row.len()], row);
            }
        }
    }
}
