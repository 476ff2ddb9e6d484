//! A use as Python: what both sides run, and what is shown to the user.

use crate::worker::Subject;

use super::{
    drawn::{Argument, Use},
    ways::{ATTRIBUTES, Slot},
};

/// Modules that code may use, as they are imported.
const MODULES: [(&str, &str); 10] = [
    ("concurrent.", "concurrent.futures"),
    ("copy.", "copy"),
    ("functools.", "functools"),
    ("json.", "json"),
    ("pathlib.", "pathlib"),
    ("pickle.", "pickle"),
    ("np.", "numpy as np"),
    ("Image.", "PIL.Image as Image"),
    ("torch.", "torch"),
    ("transformers.", "transformers"),
];

/// A use in three parts.
pub(super) struct Code {
    /// The modules that it uses, as they are imported.
    imports: Vec<&'static str>,
    /// Makes `images`.
    images: String,
    /// Makes an instance of `Processor` and calls it; the result is in `outputs`.
    call: String,
}

/// The class of a side, as it is imported.
pub(super) struct Import {
    /// The folder of its file; none for an installed module.
    folder: Option<String>,
    /// The module.
    module: String,
    /// The class's name.
    class: String,
}

impl Import {
    /// How the class that a worker made is imported; `made` is its module and its name.
    pub(super) fn of(made: &str, subject: &Subject) -> Self {
        if let Subject::File { file, class, .. } = subject {
            let folder = file.parent().map(|folder| folder.display().to_string());
            let module = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            return Self { folder, module, class: class.clone() };
        }
        let (module, class) = made.rsplit_once('.').unwrap_or(("transformers", made));
        Self { folder: None, module: module.into(), class: class.into() }
    }
}

/// `name=value, …`
fn keywords(arguments: &[Argument]) -> String {
    arguments.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// `"name": value, …`
fn items(arguments: &[Argument]) -> String {
    arguments.iter().map(|(name, value)| format!("{name:?}: {value}")).collect::<Vec<_>>().join(", ")
}

impl Code {
    /// The code of a use; `names` are the reference's parameters.
    pub(super) fn of(drawn: &Use, names: &[String]) -> Self {
        let images = images(drawn);
        let call = call(drawn, names);
        let used = |module: &str| {
            [&images, &call].iter().any(|text| {
                text.match_indices(module).any(|(at, _)| {
                    !text[..at]
                        .ends_with(|before: char| before.is_alphanumeric() || before == '.' || before == '_')
                })
            })
        };
        let imports =
            MODULES.into_iter().filter(|(module, _)| used(module)).map(|(_, import)| import).collect();
        Self { imports, images, call }
    }

    /// What a worker runs.
    pub(super) fn runs(&self) -> String {
        format!("import {}\n{}\n{}\n", self.imports.join(", "), self.images, self.call)
    }

    /// Three lines that anyone can paste: imports, images, and the call of each class.
    pub(super) fn shown(&self, reference: &Import, candidate: &Import) -> String {
        let folders: Vec<String> = [reference, candidate]
            .iter()
            .filter_map(|side| side.folder.as_ref())
            .map(|folder| format!("sys.path.insert(0, {folder:?}); "))
            .collect();
        let sys = if folders.is_empty() { "" } else { "sys, " };
        format!(
            "import {sys}{}; {}from {} import {} as Reference; from {} import {} as Candidate\n{}\n\
             for Processor in Reference, Candidate: {}; print(outputs)\n",
            self.imports.join(", "),
            folders.concat(),
            reference.module,
            reference.class,
            candidate.module,
            candidate.class,
            self.images,
            self.call
        )
    }
}

fn images(drawn: &Use) -> String {
    let (sizes, pixels, form) = (drawn.way(Slot::Sizes), drawn.way(Slot::Pixels), drawn.way(Slot::Form));
    let mut statements =
        vec![format!("arrays = [{} for i, (h, w) in enumerate({})]", pixels.code, sizes.code)];
    if !form.before.is_empty() {
        statements.push(form.before.into());
    }
    let each = if form.code.contains("{i}") { "i, a in enumerate(arrays)" } else { "a in arrays" };
    statements.push(format!("images = [{} for {each}]", form.code));
    statements.join("; ")
}

fn call(drawn: &Use, names: &[String]) -> String {
    let [construction, object, container, call, returns, runner, outcome] = [
        Slot::Construction,
        Slot::Object,
        Slot::Container,
        Slot::Call,
        Slot::Returns,
        Slot::Runner,
        Slot::Outcome,
    ]
    .map(|slot| drawn.way(slot));
    let filled = |text: &str| {
        text.replace("JSON", &items(&drawn.parameters)).replace("PARAMETERS", &keywords(&drawn.parameters))
    };
    let mut arguments = keywords(&drawn.arguments);
    if !arguments.is_empty() && !returns.code.is_empty() {
        arguments.push_str(", ");
    }
    arguments.push_str(returns.code);
    let call = call.code.replacen("images,", &format!("{},", container.code), 1);
    let fill = |text: &str| {
        text.replace("CALL", &call)
            .replace("ARGUMENTS", &arguments)
            .replace(", )", ")")
            .replace("NAMES", &format!("{names:?}"))
    };
    let mut statements = Vec::new();
    let mut then = |text: String| {
        if !text.is_empty() {
            statements.push(text);
        }
    };
    then(filled(construction.before));
    let made = filled(construction.code).replace(", )", ")");
    then(format!("processor = {made}"));
    if construction.name == ATTRIBUTES {
        for (name, value) in &drawn.parameters {
            then(format!("processor.{name} = {value}"));
        }
    }
    then(object.code.into());
    then(fill(runner.before));
    then(format!("outputs = {}", fill(runner.code)));
    if outcome.code != "outputs" {
        then(format!("outputs = {}", fill(outcome.code)));
    }
    statements.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::uses::drawn::Choice;

    fn argument(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    fn code(choices: &[Choice]) -> Code {
        let drawn = choices.iter().fold(Use::default(), |drawn, choice| drawn.and(choice).unwrap());
        Code::of(&drawn, &["patch_size".into()])
    }

    #[test]
    fn a_plain_use_is_three_lines() {
        let code = code(&[]);
        assert_eq!(
            code.runs(),
            "import numpy as np, PIL.Image as Image\n\
             arrays = [np.random.default_rng(i).integers(0, 256, (h, w, 3), dtype=np.uint8) for i, (h, w) in \
             enumerate([(48, 64)])]; images = [Image.fromarray(a) for a in arrays]\n\
             processor = Processor(); outputs = processor(images, return_tensors=\"pt\")\n"
        );
        let own = Import { folder: Some("/a".into()), module: "mine".into(), class: "Fast".into() };
        let installed = Import { folder: None, module: "transformers".into(), class: "Siglip".into() };
        let shown = code.shown(&installed, &own);
        assert_eq!(shown.lines().count(), 3);
        assert!(shown.starts_with(
            "import sys, numpy as np, PIL.Image as Image; sys.path.insert(0, \"/a\"); from transformers import \
             Siglip as Reference; from mine import Fast as Candidate\n"
        ));
        assert!(shown.ends_with(
            "\nfor Processor in Reference, Candidate: processor = Processor(); outputs = processor(images, \
             return_tensors=\"pt\"); print(outputs)\n"
        ));
    }

    #[test]
    fn each_choice_is_written_where_it_belongs() {
        let way = |slot: Slot, name: &str| {
            let place = slot.ways().iter().position(|way| way.name == name);
            Choice::Way(slot, place.unwrap_or_else(|| panic!("{name}")))
        };
        let call = |choices: &[Choice]| code(choices).call;
        let mean = Choice::Parameter(argument("image_mean", "0.25"));
        assert_eq!(
            call(&[mean.clone(), way(Slot::Construction, "from_dict")]),
            "processor = Processor.from_dict({\"image_mean\": 0.25}); outputs = processor(images, return_tensors=\"pt\")"
        );
        assert_eq!(
            call(&[mean, way(Slot::Construction, ATTRIBUTES)]),
            "processor = Processor(); processor.image_mean = 0.25; outputs = processor(images, return_tensors=\"pt\")"
        );
        assert_eq!(
            call(&[
                Choice::Argument(argument("do_resize", "False")),
                way(Slot::Returns, "no return_tensors"),
                way(Slot::Container, "a tuple"),
                way(Slot::Call, "images given as images="),
                way(Slot::Outcome, "to(\"cpu\")"),
            ]),
            "processor = Processor(); outputs = processor(images=tuple(images), do_resize=False); outputs = \
             outputs.to(\"cpu\")"
        );
        assert_eq!(
            call(&[way(Slot::Returns, "no return_tensors"), way(Slot::Object, "copy.copy")]),
            "processor = Processor(); processor = copy.copy(processor); outputs = processor(images)"
        );
        assert!(
            call(&[way(Slot::Outcome, "to_dict of the instance")]).ends_with("if name in [\"patch_size\"]}")
        );
    }

    #[test]
    fn only_what_is_used_is_imported() {
        let torch = Slot::Form.ways().iter().position(|way| way.name == "uint8 tensors [3, H, W]").unwrap();
        assert_eq!(code(&[Choice::Way(Slot::Form, torch)]).imports, ["numpy as np", "torch"]);
        let pickle = Choice::Way(Slot::Object, 1);
        assert_eq!(code(&[pickle]).imports, ["pickle", "numpy as np", "PIL.Image as Image"]);
    }
}
