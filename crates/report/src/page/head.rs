//! The frame of every page: its policy, style, script and font, all inside the file.

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::charts::{Colour, Theme};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// The part of Inter that charts need, under the SIL Open Font License in the same folder: in another font, texts would not
/// have the widths that were measured.
static FONT: &[u8] = include_bytes!("../../../../fixtures/fonts/Inter-Latin.woff2");

/// A complete document around `body`.
pub(super) fn document(title: &str, body: &Markup) -> String {
    let style = style();
    // The page can send no requests, and only its own script and style, which are known by their hashes, take effect.
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; font-src data:; style-src '{}'; script-src '{}'",
        hash(&style),
        hash(SCRIPT)
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(style)) }
            }
            body {
                a.skip href="#main" { "Skip to the results" }
                (body)
                div #tip hidden {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// The button that switches the theme; it is shown only if scripts run.
pub(super) fn switch() -> Markup {
    html! { button #theme type="button" hidden { "Dark theme" } }
}

fn style() -> String {
    let variables = |theme: Theme| {
        Colour::all()
            .map(|colour| format!("{}:{};", colour.variable(), theme.hex(colour)))
            .collect::<String>()
    };
    let (light, dark) = (variables(Theme::Light), variables(Theme::Dark));
    format!(
        "@font-face{{font-family:Inter;src:url(data:font/woff2;base64,{}) format('woff2')}}\n\
         :root{{{light}color-scheme:light}}\n\
         @media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}color-scheme:dark}}}}\n\
         @media screen{{:root[data-theme=dark]{{{dark}color-scheme:dark}}}}\n{STYLE}",
        BASE64_STANDARD.encode(FONT)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}
