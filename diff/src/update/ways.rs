//! The ways to deploy a stack: the values of its parameters and the results of its conditions that its templates do not
//! determine.
//!
//! Both sides are resolved in one way at a time, because an update keeps the values of parameters. A `Resolver` of the
//! template crate resolves one side alone.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// The maximum number of ways. If there are more, everything is possible.
const MOST: usize = 64;

/// What one way determines about a parameter or a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The value of a parameter.
    Text(String),
    /// A parameter has a value that no template states.
    Other,
    /// The result of a condition.
    Is(bool),
}

/// A parameter or condition that a way does not determine yet, with the possible answers.
type Question = (String, Vec<Answer>);

/// One way to deploy a stack.
#[derive(Debug, Default)]
pub(super) struct Way {
    known: BTreeMap<String, Answer>,
    question: RefCell<Option<Question>>,
}

impl Way {
    /// The answer for a key. Without one, the way is divided by the possible answers, and this result does not count.
    pub(super) fn ask(&self, key: &str, answers: impl FnOnce() -> Vec<Answer>) -> Option<Answer> {
        let known = self.known.get(key);
        if known.is_none() && self.question.borrow().is_none() {
            let question = (key.to_owned(), answers());
            *self.question.borrow_mut() = Some(question);
        }
        known.cloned()
    }

    /// Whether the answer for a key is a value that no template states.
    pub(super) fn is_other(&self, key: &str) -> bool {
        self.known.get(key) == Some(&Answer::Other)
    }

    fn with(&self, key: &str, answer: Answer) -> Self {
        let mut known = self.known.clone();
        known.insert(key.to_owned(), answer);
        Self { known, question: RefCell::default() }
    }
}

/// The results in all ways; `None` if there are too many ways.
pub(super) fn each<T>(decide: impl Fn(&Way) -> T) -> Option<Vec<T>> {
    let mut open = vec![Way::default()];
    let mut found = Vec::new();
    while let Some(way) = open.pop() {
        let result = decide(&way);
        match way.question.take() {
            None => found.push(result),
            Some((key, answers)) => {
                open.extend(answers.into_iter().map(|answer| way.with(&key, answer)));
            }
        }
        if open.len() + found.len() > MOST {
            return None;
        }
    }
    Some(found)
}
