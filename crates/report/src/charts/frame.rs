//! The texts around a chart.

use anyhow::Result;

use super::{
    canvas::{Canvas, Side},
    theme::{BODY, Colour, SMALL, TITLE},
};

/// The margin around a chart in a file, in logical pixels.
const MARGIN: f64 = 24.0;

/// What a chart is called, what it shows, and what a reader needs to judge it. A page has these as text; a file has them
/// in the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// What the chart is about.
    pub title: String,
    /// What is drawn, and in which unit.
    pub subtitle: String,
    /// The lines at its foot; parts are separated by ` · `.
    pub caption: Vec<String>,
}

impl Frame {
    /// The picture in a file: the title and the subtitle, then `body`, then the caption.
    pub(super) fn around(&self, body: &Canvas) -> Result<Canvas> {
        let mut canvas = Canvas::new(body.width + 2.0 * MARGIN)?;
        let title = canvas.fit(&self.title, TITLE, body.width)?;
        canvas.text(&title, (MARGIN, 32.0), TITLE, Colour::Ink, Side::Left);
        let mut y = 62.0;
        for line in canvas.wrap(&self.subtitle, BODY, body.width, " ")? {
            canvas.text(&line, (MARGIN, y), BODY, Colour::Muted, Side::Left);
            y += 23.0;
        }
        canvas.place(body, (MARGIN, y + 6.0));
        y += 6.0 + body.height + 28.0;
        for part in &self.caption {
            for line in canvas.wrap(part, SMALL, body.width, " · ")? {
                canvas.text(&line, (MARGIN, y), SMALL, Colour::Muted, Side::Left);
                y += 21.0;
            }
        }
        canvas.height = y.ceil();
        Ok(canvas)
    }
}
