"""The Python side of patchmark's bridge to Python: calls of torch and transformers as a user would write them."""

import concurrent.futures
import contextlib
import functools
import os
import platform
import sysconfig
import time
import warnings

import numpy
import PIL
import PIL.Image
import torch
import torchvision
import transformers
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil
from transformers.models.siglip2.image_processing_siglip2 import Siglip2ImageProcessor

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_grad_enabled(False)


def versions():
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "transformers": transformers.__version__,
        "pillow": PIL.__version__,
    }


def numpy_version():
    return numpy.__version__


def cpu_capability():
    return torch.backends.cpu.get_cpu_capability()


def has_headers():
    """Whether the interpreter's C headers are installed; only a build needs them."""
    return os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))


def gpus():
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def gpu_uuid(index):
    uuid = str(torch.cuda.get_device_properties(index).uuid)
    return uuid if uuid.startswith(("GPU-", "MIG-")) else "GPU-" + uuid


def pil_image(width, height, pixels):
    return PIL.Image.frombytes("RGB", (width, height), pixels)


def processor(backend, parameters):
    classes = {"torchvision": Siglip2ImageProcessor, "pil": Siglip2ImageProcessorPil}
    return classes[backend](**parameters)


def process(instance, images, channels_first, device):
    keywords = {"input_data_format": "channels_first"} if channels_first else {}
    if device is not None:
        keywords["device"] = device
    outputs = instance(images, return_tensors="pt", **keywords)
    return [outputs[key] for key in ("pixel_values", "pixel_attention_mask", "spatial_shapes")], sorted(outputs)


@contextlib.contextmanager
def _timed(owner, name, stage, spent, finish, begin=lambda: None):
    """While the block runs, times each call of `owner.name` until `finish`; then restores the original."""
    original = getattr(owner, name)
    own = name in vars(owner)

    def timed(*arguments, **keywords):
        begin()
        start = time.perf_counter()
        try:
            result = original(*arguments, **keywords)
            finish()
            return result
        finally:
            spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - start

    setattr(owner, name, timed)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)


def process_in_stages(instance, images, channels_first, device):
    """As `process`, with seconds by stage; time outside the other stages counts as padding and stacking."""
    import sys

    module = sys.modules[type(instance).__module__]
    spent = {}
    finish = (lambda: None) if device is None else (lambda: torch.cuda.synchronize(device))
    with contextlib.ExitStack() as stack:
        for owner, name, stage in (
            (instance, "process_image", "convert"),
            (instance, "resize", "resize"),
            (instance, "rescale_and_normalize", "normalise"),
            (instance, "rescale", "normalise"),
            (instance, "normalize", "normalise"),
            (module, "get_image_size_for_max_num_patches", "size search"),
            (module, "convert_image_to_patches", "patchify"),
        ):
            # The two backends do not have all methods in common; the torchvision backend calls `normalize` within
            # `rescale_and_normalize`, which must not be counted twice.
            if not hasattr(owner, name):
                continue
            if name in ("rescale", "normalize") and hasattr(instance, "rescale_and_normalize"):
                continue
            stack.enter_context(_timed(owner, name, stage, spent, finish))
        start = time.perf_counter()
        tensors, keys = process(instance, images, channels_first, device)
        finish()
        total = time.perf_counter() - start
    spent["pad/stack"] = max(total - sum(spent.values()), 0.0)
    return tensors, keys, spent


def process_paths_in_stages(instance, paths, channels_first, device):
    """As `process` with the names of files, with the seconds that the class spends on decoding them."""
    import sys

    # Where the class looks for its loader: that of torchvision, or in releases before 5.23 that of Pillow.
    module = sys.modules[type(instance).fetch_images.__module__]
    loader = "load_image_as_tensor" if hasattr(module, "load_image_as_tensor") else "load_image"
    spent = {}
    with _timed(module, loader, "decode", spent, lambda: None):
        tensors, keys = process(instance, paths, channels_first, device)
    return tensors, keys, spent


def open_images(paths):
    """Images as most people open them."""
    return [PIL.Image.open(path).convert("RGB") for path in paths]


def load_images(paths, threads):
    """Images as transformers' `load_image` opens them: upright. Pillow lets other threads run while it decodes."""
    load = transformers.image_utils.load_image
    if threads == 1:
        return [load(path) for path in paths]
    return list(_decoders(threads).map(load, paths))


@functools.cache
def _decoders(threads):
    return concurrent.futures.ThreadPoolExecutor(threads)


def download(repository):
    """The local folder of a hub repository's checkpoint, through huggingface_hub."""
    from huggingface_hub import snapshot_download

    return snapshot_download(repository, allow_patterns=["*.json", "*.safetensors"])


def model(config, state, tower):
    """transformers' own model with the given tensors, whose storage it shares instead of copying it."""
    config = transformers.Siglip2Config.from_dict(config)
    config._attn_implementation = "sdpa"
    with torch.device("meta"):
        instance = transformers.Siglip2Model(config)
    missing, unexpected = instance.load_state_dict(state, strict=False, assign=True)
    if missing or unexpected:
        raise ValueError(f"weights do not fit Siglip2Model: missing {missing}, unexpected {unexpected}")
    # Buffers that are not part of a checkpoint are still on the meta device.
    for module in instance.modules():
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_meta:
                if name != "position_ids":
                    raise ValueError(f"buffer {name} of Siglip2Model has no value")
                fresh = torch.arange(buffer.shape[-1], device=instance.logit_scale.device).expand((1, -1))
                setattr(module, name, fresh)
    return (instance.vision_model if tower == "vision" else instance).eval()


@torch.inference_mode()
def forward(instance, pixel_values, pixel_attention_mask, spatial_shapes, input_ids=None, attention_mask=None):
    if input_ids is None:
        return [instance(pixel_values, pixel_attention_mask, spatial_shapes).pooler_output]
    outputs = instance(
        input_ids=input_ids,
        pixel_values=pixel_values,
        pixel_attention_mask=pixel_attention_mask,
        spatial_shapes=spatial_shapes,
        attention_mask=attention_mask,
    )
    return [outputs.image_embeds, outputs.text_embeds, outputs.logits_per_image]


def forward_in_stages(instance, pixel_values, *arguments):
    """Seconds of the image-by-image resampling of positions within `forward`, and of the whole call."""
    device = pixel_values.device
    finish = (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else (lambda: None)
    embeddings = getattr(instance, "vision_model", instance).embeddings
    spent = {}
    # Earlier work does not belong to the stage, so it is waited for when the stage begins.
    with _timed(embeddings, "resize_positional_embeddings", "positions", spent, finish, begin=finish):
        finish()
        start = time.perf_counter()
        forward(instance, pixel_values, *arguments)
        finish()
        total = time.perf_counter() - start
    return spent.get("positions", 0.0), total


def load_file(path, decoder, torchvision_may_read, limits):
    """An image file's pixels as transformers reads them: a word that says what was found, and what it was.

    `decoder` is `reference` (what the processor's own class does with a path; what it refuses, `load_image` may read),
    `pillow` or `torchvision`. A file that torchvision may not read, a GIF with several frames or a damaged one, is what Pillow
    makes of it: of an animation, the first frame."""
    path = str(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _load_file(path, decoder, torchvision_may_read, *limits)
    except PIL.UnidentifiedImageError:
        return "unsupported", "Pillow does not know this kind of file"
    except PIL.Image.DecompressionBombError as error:
        return "damaged", _one_line(error)
    except MemoryError:
        return "damaged", "it needs more memory than there is"
    except Exception as error:
        return "damaged", _one_line(error)


def _load_file(path, decoder, torchvision_may_read, max_side, max_pixels):
    try:
        with PIL.Image.open(path) as image:
            width, height = image.size
            if max(width, height) > max_side or width * height > max_pixels:
                return "large", (width, height)
            # Pillow hands these to other programs.
            if image.format in ("EPS", "WMF"):
                return "unsupported", f"{image.format} is a program rather than a picture"
    except Exception:
        # torchvision reads some files that Pillow does not open.
        if decoder == "pillow":
            raise
    load_image_as_tensor = getattr(transformers.image_utils, "load_image_as_tensor", None)
    if decoder == "torchvision" and load_image_as_tensor is None:
        return "unsupported", f"transformers {transformers.__version__} does not read files with torchvision"
    if decoder == "torchvision" and not torchvision_may_read:
        return "unsupported", "it is a GIF with several frames, or a damaged one"
    if decoder != "pillow" and load_image_as_tensor is not None and torchvision_may_read:
        try:
            return _tensor_pixels(load_image_as_tensor(path))
        except Exception:
            if decoder == "torchvision":
                raise
    image = transformers.image_utils.load_image(path)
    return "pixels", (image.width, image.height, image.tobytes())


def _tensor_pixels(tensor):
    if tensor.dtype != torch.uint8:
        return "deep", None
    _, height, width = tensor.shape
    return "pixels", (width, height, tensor.permute(1, 2, 0).contiguous().numpy().tobytes())


def _one_line(error):
    return " ".join(f"{error}".split())[:200] or type(error).__name__
