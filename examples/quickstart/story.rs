//! The requests of the story, with the ids filled in that earlier answers gave.

use std::collections::{HashMap, VecDeque};

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Chapter {
    title: String,
    method: String,
    path: String,
    body: Option<Value>,
    save: Option<String>,
}

/// A request to send.
pub(crate) struct Step {
    /// What happens, for the reader.
    pub(crate) title: String,
    /// The HTTP method.
    pub(crate) method: String,
    /// The path and query below the base URL.
    pub(crate) path: String,
    /// The body, empty for none.
    pub(crate) body: String,
}

/// The chapters to come, and what those before gave.
pub(crate) struct Story {
    chapters: VecDeque<Chapter>,
    saved: HashMap<String, String>,
    save_as: Option<String>,
}

impl Story {
    /// Reads the story.
    pub(crate) fn read() -> Result<Self, serde_json::Error> {
        let chapters = serde_json::from_str(include_str!("story.json"))?;
        Ok(Self { chapters, saved: HashMap::new(), save_as: None })
    }

    /// The next request.
    pub(crate) fn next(&mut self) -> Option<Step> {
        let chapter = self.chapters.pop_front()?;
        self.save_as = chapter.save;
        let body = chapter.body.map(|body| self.fill(&body.to_string())).unwrap_or_default();
        Some(Step { title: chapter.title, method: chapter.method, path: self.fill(&chapter.path), body })
    }

    /// Takes the answer to the last request.
    pub(crate) fn answered(&mut self, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = body.get("id").and_then(Value::as_str).map(str::to_owned);
        if let (Some(name), Some(id)) = (self.save_as.take(), id) {
            self.saved.insert(name, id);
        }
    }

    fn fill(&self, text: &str) -> String {
        self.saved.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }
}
