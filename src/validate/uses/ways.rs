//! The ways in which each part of a use can be written; the first way of each slot is the plain one.
//!
//! To add a way, add a line. Its code may use `a` (one image as a uint8 array `[H, W, 3]`), `i` (its number), `images`,
//! `processor`, `outputs`, and the placeholders `ARGUMENTS`, `CALL` and `PARAMETERS`, which [`super::code`] fills in.

/// A part of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Slot {
    /// How parameters reach the instance.
    Construction,
    /// What becomes of the instance before it is called.
    Object,
    /// The sizes of the images, as (height, width).
    Sizes,
    /// What the images show.
    Pixels,
    /// The form of each image.
    Form,
    /// What holds the images.
    Container,
    /// How the call is written.
    Call,
    /// `return_tensors`.
    Returns,
    /// Where, and after what, the call is made.
    Runner,
    /// What is done with the result.
    Outcome,
}

/// Every slot, in the order in which Python meets them.
pub(super) const SLOTS: [Slot; 10] = [
    Slot::Construction,
    Slot::Object,
    Slot::Sizes,
    Slot::Pixels,
    Slot::Form,
    Slot::Container,
    Slot::Call,
    Slot::Returns,
    Slot::Runner,
    Slot::Outcome,
];

/// One way to write a part of a use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The end of a sentence: "a use with … differs".
    pub name: &'static str,
    /// A statement that has to come before, or nothing.
    pub before: &'static str,
    /// An expression.
    pub code: &'static str,
    /// The check that guards it.
    pub guard: &'static str,
}

const fn way(name: &'static str, code: &'static str, guard: &'static str) -> Way {
    Way { name, before: "", code, guard }
}

const fn after(name: &'static str, before: &'static str, code: &'static str, guard: &'static str) -> Way {
    Way { name, before, code, guard }
}

impl Slot {
    /// The ways to write it; the first is the plain one.
    pub(super) const fn ways(self) -> &'static [Way] {
        match self {
            Self::Construction => &CONSTRUCTIONS,
            Self::Object => &OBJECTS,
            Self::Sizes => &SIZES,
            Self::Pixels => &PIXELS,
            Self::Form => &FORMS,
            Self::Container => &CONTAINERS,
            Self::Call => &CALLS,
            Self::Returns => &RETURNS,
            Self::Runner => &RUNNERS,
            Self::Outcome => &OUTCOMES,
        }
    }
}

/// The construction that sets parameters as attributes, after the instance is made.
pub(super) const ATTRIBUTES: &str = "attributes that are set later";

#[rustfmt::skip]
static CONSTRUCTIONS: [Way; 8] = [
    way("keyword arguments", "Processor(PARAMETERS)", "construction"),
    way("from_dict", "Processor.from_dict({JSON})", "construction"),
    way("from_dict with keyword arguments", "Processor.from_dict({}, PARAMETERS)", "construction"),
    after("from_pretrained", r#"json.dump({JSON}, open("preprocessor_config.json", "w"))"#, r#"Processor.from_pretrained(".")"#, "construction"),
    after("from_pretrained with keyword arguments", r#"json.dump({}, open("preprocessor_config.json", "w"))"#, r#"Processor.from_pretrained(".", PARAMETERS)"#, "construction"),
    after("from_pretrained of a processor_config.json", r#"json.dump({"image_processor": {JSON}}, open("processor_config.json", "w"))"#, r#"Processor.from_pretrained(".")"#, "construction"),
    after("from_json_file", r#"json.dump({JSON}, open("own.json", "w"))"#, r#"Processor.from_json_file("own.json")"#, "construction"),
    way(ATTRIBUTES, "Processor()", "construction"),
];

#[rustfmt::skip]
static OBJECTS: [Way; 9] = [
    way("the instance itself", "", ""),
    way("pickle", "processor = pickle.loads(pickle.dumps(processor))", "serialization"),
    way("copy.copy", "processor = copy.copy(processor)", "serialization"),
    way("copy.deepcopy", "processor = copy.deepcopy(processor)", "serialization"),
    way("save_pretrained and from_pretrained", r#"processor.save_pretrained("saved"); processor = Processor.from_pretrained("saved")"#, "serialization"),
    way("to_dict and from_dict", "processor = Processor.from_dict(processor.to_dict())", "serialization"),
    way("to_dict and keyword arguments", "processor = Processor(**processor.to_dict())", "serialization"),
    way("to_json_string and from_dict", "processor = Processor.from_dict(json.loads(processor.to_json_string()))", "serialization"),
    way("to_json_file and from_json_file", r#"processor.to_json_file("own.json"); processor = Processor.from_json_file("own.json")"#, "serialization"),
];

#[rustfmt::skip]
static SIZES: [Way; 12] = [
    way("one image", "[(48, 64)]", ""),
    way("three images of one size", "[(48, 64)] * 3", "batch-invariance"),
    way("images of mixed sizes", "[(48, 64), (90, 30), (48, 64)]", "mixed-order"),
    way("no image", "[]", "empty-batch"),
    way("an image of 1×1 px", "[(1, 1)]", ""),
    way("an image of 3×3 px", "[(3, 3)]", ""),
    way("an image of 50×3 px", "[(3, 50)]", ""),
    way("an image of 3×50 px", "[(50, 3)]", ""),
    way("an image of 300×7 px", "[(7, 300)]", ""),
    way("an image of 256×256 px", "[(256, 256)]", ""),
    way("an image of 33×47 px", "[(47, 33)]", ""),
    way("an image of 500×350 px", "[(350, 500)]", ""),
];

#[rustfmt::skip]
static PIXELS: [Way; 7] = [
    way("noise", "np.random.default_rng(i).integers(0, 256, (h, w, 3), dtype=np.uint8)", ""),
    way("black", "np.zeros((h, w, 3), np.uint8)", ""),
    way("white", "np.full((h, w, 3), 255, np.uint8)", ""),
    way("grey", "np.full((h, w, 3), 127, np.uint8)", ""),
    way("one colour", "np.full((h, w, 3), (255, 0, 10), np.uint8)", ""),
    way("a gradient", "np.linspace(0, 255, h * w * 3).reshape(h, w, 3).astype(np.uint8)", ""),
    way("dark noise", "np.random.default_rng(i).integers(0, 2, (h, w, 3), dtype=np.uint8)", ""),
];

#[rustfmt::skip]
static FORMS: [Way; 65] = [
    way("PIL images", "Image.fromarray(a)", ""),
    way("PIL images of mode L", r#"Image.fromarray(a).convert("L")"#, "grey"),
    way("PIL images of mode 1", r#"Image.fromarray(a).convert("1")"#, "grey"),
    way("PIL images of mode P", r#"Image.fromarray(a).convert("P")"#, "palette"),
    way("PIL images of mode PA", r#"Image.fromarray(a).convert("P").convert("PA")"#, "palette"),
    way("PIL images of mode RGBA", "Image.fromarray(np.dstack([a, a[..., :1]]))", "alpha"),
    way("PIL images of mode LA", "Image.fromarray(a[..., :2].copy())", "alpha"),
    way("PIL images of mode RGBa", r#"Image.fromarray(np.dstack([a, a[..., :1]])).convert("RGBa")"#, "alpha"),
    way("PIL images of mode RGBX", r#"Image.fromarray(a).convert("RGBX")"#, "input-modes"),
    way("PIL images of mode CMYK", r#"Image.fromarray(a).convert("CMYK")"#, "cmyk"),
    way("PIL images of mode YCbCr", r#"Image.fromarray(a).convert("YCbCr")"#, "input-modes"),
    way("PIL images of mode HSV", r#"Image.fromarray(a).convert("HSV")"#, "input-modes"),
    way("PIL images of mode LAB", r#"Image.frombytes("LAB", a.shape[1::-1], a.tobytes())"#, "input-modes"),
    way("PIL images of mode I", r#"Image.fromarray(a).convert("I")"#, "input-modes"),
    way("PIL images of mode F", r#"Image.fromarray(a).convert("F")"#, "input-modes"),
    way("PIL images of mode I;16", "Image.fromarray(a[..., 0].astype(np.uint16) * 257)", "sixteen-bit"),
    way("PIL images of mode I;16B", r#"Image.frombytes("I;16B", a.shape[1::-1], (a[..., 0].astype(">u2") * 257).tobytes())"#, "sixteen-bit"),
    way("PIL images that are a part of another", "Image.fromarray(np.pad(a, ((5, 7), (3, 2), (0, 0)))).crop((3, 5, 3 + a.shape[1], 5 + a.shape[0]))", "input-forms"),
    after("opened PNG files", r#"[Image.fromarray(a).save(f"{i}.png") for i, a in enumerate(arrays)]"#, r#"Image.open(f"{i}.png")"#, "input-forms"),
    after("opened JPEG files", r#"[Image.fromarray(a).save(f"{i}.jpg") for i, a in enumerate(arrays)]"#, r#"Image.open(f"{i}.jpg")"#, "input-forms"),
    after("opened WebP files", r#"[Image.fromarray(a).save(f"{i}.webp", lossless=True) for i, a in enumerate(arrays)]"#, r#"Image.open(f"{i}.webp")"#, "input-forms"),
    after("opened BMP files", r#"[Image.fromarray(a).save(f"{i}.bmp") for i, a in enumerate(arrays)]"#, r#"Image.open(f"{i}.bmp")"#, "input-forms"),
    after("opened GIF files", r#"[Image.fromarray(a).save(f"{i}.gif") for i, a in enumerate(arrays)]"#, r#"Image.open(f"{i}.gif")"#, "palette"),
    after("opened TIFF files", r#"[Image.fromarray(a).save(f"{i}.tiff") for i, a in enumerate(arrays)]"#, r#"Image.open(f"{i}.tiff")"#, "input-forms"),
    after("an opened PNG file that is to be rotated (EXIF)", r#"exif = Image.Exif(); exif[274] = 6; [Image.fromarray(a).save(f"{i}.png", exif=exif) for i, a in enumerate(arrays)]"#, r#"Image.open(f"{i}.png")"#, "exif"),
    after("paths of PNG files", r#"[Image.fromarray(a).save(f"{i}.png") for i, a in enumerate(arrays)]"#, r#"f"{i}.png""#, "input-forms"),
    after("paths of JPEG files", r#"[Image.fromarray(a).save(f"{i}.jpg") for i, a in enumerate(arrays)]"#, r#"f"{i}.jpg""#, "input-forms"),
    after("pathlib paths", r#"[Image.fromarray(a).save(f"{i}.png") for i, a in enumerate(arrays)]"#, r#"pathlib.Path(f"{i}.png")"#, "input-forms"),
    way("uint8 arrays [H, W, 3]", "a", "hwc-arrays"),
    way("uint8 arrays [3, H, W]", "a.transpose(2, 0, 1)", "input-forms"),
    way("contiguous uint8 arrays [3, H, W]", "np.ascontiguousarray(a.transpose(2, 0, 1))", "input-forms"),
    way("arrays in Fortran's order", "np.asfortranarray(a)", "input-forms"),
    way("arrays that skip rows and columns", "np.kron(a, np.ones((2, 3, 1), np.uint8))[::2, ::3]", "input-forms"),
    way("arrays that are a part of another", "np.pad(a, ((5, 7), (3, 2), (0, 0)))[5:-7, 3:-2]", "input-forms"),
    way("arrays with reversed rows", "a[::-1]", "input-forms"),
    way("read-only arrays", "np.frombuffer(a.tobytes(), np.uint8).reshape(a.shape)", "input-forms"),
    way("grey arrays [H, W]", "a[..., 0]", "input-forms"),
    way("grey arrays [H, W, 1]", "a[..., :1]", "input-forms"),
    way("grey arrays [1, H, W]", "a[..., :1].transpose(2, 0, 1)", "input-forms"),
    way("arrays [H, W, 4]", "np.dstack([a, a[..., :1]])", "input-forms"),
    way("float32 arrays from 0 to 1", "a / np.float32(255)", "input-forms"),
    way("float32 arrays from 0 to 255", "a.astype(np.float32)", "input-forms"),
    way("float32 arrays [3, H, W] from 0 to 1", "(a / np.float32(255)).transpose(2, 0, 1)", "input-forms"),
    way("float32 arrays with negative values", "a / np.float32(127.5) - 1", "input-forms"),
    way("float64 arrays from 0 to 1", "a / 255", "input-forms"),
    way("float16 arrays from 0 to 1", "a / np.float16(255)", "input-forms"),
    way("int64 arrays", "a.astype(np.int64)", "input-forms"),
    way("int32 arrays", "a.astype(np.int32)", "input-forms"),
    way("uint16 arrays", "a.astype(np.uint16)", "input-forms"),
    way("arrays of bool", "a > 127", "input-forms"),
    way("uint8 tensors [3, H, W]", "torch.from_numpy(a).permute(2, 0, 1).contiguous()", "chw-tensors"),
    way("uint8 tensors [3, H, W] that are views", "torch.from_numpy(a).permute(2, 0, 1)", "chw-tensors"),
    way("uint8 tensors [H, W, 3]", "torch.from_numpy(a)", "input-forms"),
    way("tensors that are a part of another", "torch.nn.functional.pad(torch.from_numpy(a).permute(2, 0, 1), (3, 2, 5, 7))[:, 5:-7, 3:-2]", "input-forms"),
    way("expanded tensors", "torch.from_numpy(a[..., :1]).permute(2, 0, 1).expand(3, -1, -1)", "input-forms"),
    way("grey tensors [H, W]", "torch.from_numpy(a[..., 0].copy())", "input-forms"),
    way("grey tensors [1, H, W]", "torch.from_numpy(a[..., :1].copy()).permute(2, 0, 1)", "input-forms"),
    way("tensors [4, H, W]", "torch.from_numpy(np.dstack([a, a[..., :1]])).permute(2, 0, 1)", "input-forms"),
    way("float32 tensors from 0 to 1", "torch.from_numpy(a).permute(2, 0, 1) / 255", "input-forms"),
    way("float32 tensors from 0 to 255", "torch.from_numpy(a).permute(2, 0, 1).float()", "input-forms"),
    way("float64 tensors from 0 to 1", "torch.from_numpy(a).permute(2, 0, 1).double() / 255", "input-forms"),
    way("float16 tensors from 0 to 1", "torch.from_numpy(a).permute(2, 0, 1).half() / 255", "input-forms"),
    way("bfloat16 tensors from 0 to 1", "torch.from_numpy(a).permute(2, 0, 1).bfloat16() / 255", "input-forms"),
    way("int32 tensors", "torch.from_numpy(a).permute(2, 0, 1).int()", "input-forms"),
    way("nested Python lists of numbers", "a.tolist()", "input-forms"),
];

#[rustfmt::skip]
static CONTAINERS: [Way; 10] = [
    way("a list", "images", ""),
    way("a tuple", "tuple(images)", "input-forms"),
    way("an image that is not in a list", "images[0]", "single-image"),
    way("a list in a list", "[images]", "input-forms"),
    way("lists of one image", "[[image] for image in images]", "input-forms"),
    way("one array [B, …]", "np.stack(images)", "input-forms"),
    way("one tensor [B, …]", "torch.stack(images)", "stacked-tensor"),
    way("a list of an array [T, …], such as a video", "[np.stack(images)]", "input-forms"),
    way("a list of a tensor [T, …], such as a video", "[torch.stack(images)]", "input-forms"),
    way("one array of five dimensions", "np.stack(images)[None]", "input-forms"),
];

#[rustfmt::skip]
static CALLS: [Way; 4] = [
    way("a plain call", "processor(images, ARGUMENTS)", ""),
    way("images given as images=", "processor(images=images, ARGUMENTS)", "call-arguments"),
    way("the method preprocess", "processor.preprocess(images, ARGUMENTS)", "call-arguments"),
    way("the method preprocess with images=", "processor.preprocess(images=images, ARGUMENTS)", "call-arguments"),
];

#[rustfmt::skip]
static RETURNS: [Way; 6] = [
    way(r#"return_tensors="pt""#, r#"return_tensors="pt""#, ""),
    way(r#"return_tensors="np""#, r#"return_tensors="np""#, "return-types"),
    way("return_tensors=None", "return_tensors=None", "return-types"),
    way("no return_tensors", "", "return-types"),
    way("return_tensors=TensorType.PYTORCH", "return_tensors=transformers.TensorType.PYTORCH", "return-types"),
    way("an unknown return_tensors", r#"return_tensors="none""#, "return-types"),
];

/// The runner that starts a process, which takes seconds.
pub(super) const SPAWNED: &str = "a DataLoader's spawned worker";

#[rustfmt::skip]
static RUNNERS: [Way; 7] = [
    way("a direct call", "CALL", ""),
    way("another thread", "concurrent.futures.ThreadPoolExecutor(1).submit(lambda: CALL).result()", "threads"),
    way("torch.inference_mode", "torch.inference_mode()(lambda: CALL)()", "instances"),
    after("an earlier call with other arguments", r#"processor(images, max_num_patches=16, do_normalize=False, return_tensors="pt")"#, "CALL", "arguments-pass"),
    after("another instance with other parameters", r#"other = Processor(max_num_patches=16, do_normalize=False); other(images, return_tensors="pt")"#, "CALL", "instances"),
    after("another instance that is made later", "other = Processor(max_num_patches=16, do_normalize=False)", "CALL", "instances"),
    way(SPAWNED, r#"next(iter(torch.utils.data.DataLoader(images, batch_size=8, num_workers=1, multiprocessing_context="spawn", collate_fn=functools.partial(processor, ARGUMENTS))))"#, "instances"),
];

#[rustfmt::skip]
static OUTCOMES: [Way; 12] = [
    way("the result itself", "outputs", ""),
    way("to(\"cpu\")", "outputs.to(\"cpu\")", "return-types"),
    way("to(torch.float16)", "outputs.to(torch.float16)", "return-types"),
    way("to(\"cpu\", torch.float64)", "outputs.to(\"cpu\", torch.float64)", "return-types"),
    way("attributes of the result", "{\"pixel_values\": outputs.pixel_values, \"pixel_attention_mask\": outputs.pixel_attention_mask, \"spatial_shapes\": outputs.spatial_shapes}", "return-types"),
    way("**outputs", "dict(**outputs)", "return-types"),
    way("items of the result", "dict(outputs.items())", "return-types"),
    way("data of the result", "outputs.data", "return-types"),
    way("model_input_names", "{name: outputs[name] for name in processor.model_input_names}", "return-types"),
    way("a pickled result", "pickle.loads(pickle.dumps(outputs))", "return-types"),
    way("to_dict of the instance", "{name: str(value) for name, value in processor.to_dict().items() if name in NAMES}", "serialization"),
    way("attributes of the instance", "{name: str(getattr(processor, name)) for name in NAMES}", "construction"),
];
