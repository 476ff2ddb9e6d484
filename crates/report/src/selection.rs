//! Which of a result's charts are written, in which formats and in which theme.

use anyhow::Result;
use patchmark_results::input_error;
use rayon::prelude::*;

use crate::{
    charts::{Chart, Theme},
    format::Format,
    page,
    view::View,
};

/// What is drawn of a result; by default everything, in the light theme.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Names of charts; none for all of them.
    pub charts: Option<Vec<String>>,
    /// Formats that are written.
    pub formats: Vec<Format>,
    /// The theme of SVG and PNG files; a page has both.
    pub theme: Theme,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            charts: None,
            formats: vec![Format::Svg, Format::Png, Format::Csv, Format::Html],
            theme: Theme::Light,
        }
    }
}

impl Selection {
    /// Draws what is selected, and returns the names and contents of the files. Those in the dark theme are named
    /// `NAME-dark`.
    ///
    /// # Errors
    /// An input error for a chart that the result does not have, or another error if drawing fails.
    pub fn files(&self, result: &dyn View) -> Result<Vec<(String, Vec<u8>)>> {
        let mut charts = result.charts()?;
        if let Some(wanted) = &self.charts {
            let names: Vec<&str> = charts.iter().map(Chart::name).collect();
            if let Some(other) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(input_error!(
                    "--only {other}: no such chart; charts of {}: {names}",
                    result.kind().file()
                ));
            }
            charts.retain(|chart| wanted.iter().any(|name| name == chart.name()));
        }
        // In parallel, because a PNG is averaged from four times its pixels.
        let files = charts.par_iter().map(|chart| self.of_chart(chart)).collect::<Result<Vec<_>>>()?;
        let mut files: Vec<_> = files.into_iter().flatten().collect();
        if self.formats.contains(&Format::Html) {
            // A page only links to files without `-dark` in their names.
            let beside: &[Format] = if self.theme == Theme::Light { &self.formats } else { &[] };
            files.push((page::FILE.to_owned(), result.page(&charts, beside)?.into_bytes()));
        }
        Ok(files)
    }

    fn of_chart(&self, chart: &Chart) -> Result<Vec<(String, Vec<u8>)>> {
        let name = chart.name();
        let dark = if self.theme == Theme::Dark { "-dark" } else { "" };
        let mut files = Vec::new();
        for format in &self.formats {
            files.push(match format {
                Format::Svg => (format!("{name}{dark}.svg"), chart.svg(self.theme)?.into_bytes()),
                Format::Png => (format!("{name}{dark}.png"), chart.png(self.theme)?),
                Format::Csv => (format!("{name}.csv"), chart.csv().as_bytes().to_vec()),
                Format::Html => continue,
            });
        }
        Ok(files)
    }
}
