//! The outputs of deployed stacks.

use std::fmt::Write as _;

use lakewright_deployer::templates::has_resources;
use lakewright_fleet::plan::Output;
use lakewright_template::StackAddress;
use serde_json::{Value, json};

use super::Deployment;
use crate::exit::{Exit, Failure};
use crate::show::table::table;
use crate::ui::Ui;
use crate::width::width;

/// The outputs of a stack.
type OfStack<'s> = (&'s StackAddress, &'s [Output]);

impl Deployment<'_> {
    /// Shows the outputs of one stack, or of all deployed stacks of the mesh.
    pub(crate) fn outputs(mut self, stack: Option<&str>, ui: &mut Ui) -> Result<Exit, Failure> {
        let seen = self.observe()?;
        let only = stack.map(|name| self.find(name, &seen)).transpose()?;
        let is_shown = |address: &StackAddress| only.as_ref().is_none_or(|one| one == address);
        let found = seen.observed.iter().filter(|(address, stack)| {
            is_shown(address) && self.is_ours(address, stack) && has_resources(&stack.status)
        });
        let found: Vec<OfStack<'_>> =
            found.map(|(address, stack)| (address, stack.told.outputs.as_slice())).collect();
        if ui.is_json() {
            ui.data(&format!("{:#}\n", document(&found)));
        } else {
            ui.data(&text(&found, width()));
        }
        for note in self.unknown(&seen) {
            ui.note(&note);
        }
        Ok(Exit::Done)
    }
}

fn document(found: &[OfStack<'_>]) -> Value {
    let output = |output: &Output| {
        let Output { name, value, description, export } = output;
        json!({ "name": name, "value": value, "description": description, "export": export })
    };
    let stacks = found.iter().map(|(address, outputs)| {
        let outputs: Vec<Value> = outputs.iter().map(output).collect();
        json!({ "address": address.to_string(), "outputs": outputs })
    });
    json!({ "version": 1, "stacks": stacks.collect::<Vec<Value>>() })
}

fn text(found: &[OfStack<'_>], width: usize) -> String {
    let row = |output: &Output| {
        let description = output.description.clone().unwrap_or_else(|| "-".to_owned());
        [output.name.clone(), output.value.clone(), description]
    };
    let mut text = String::new();
    for (place, (address, outputs)) in found.iter().enumerate() {
        text.push_str(if place == 0 { "" } else { "\n" });
        writeln!(text, "{address}").expect("a string takes all");
        let rows: Vec<[String; 3]> = outputs.iter().map(row).collect();
        text.push_str(&table(["OUTPUT", "VALUE", "DESCRIPTION"], &rows, width).concat());
    }
    text
}

#[cfg(test)]
mod tests {
    use lakewright_template::Place;

    use super::*;

    /// The fields of `Output` in the CloudFormation API reference.
    #[test]
    fn outputs_stand_below_their_stack() {
        let place = Place::parse("222222222222", "us-east-1").expect("a place");
        let address = StackAddress::new(place, "lab-dataset-sales");
        let outputs = [Output {
            name: "BucketName".to_owned(),
            value: "lab-sales".to_owned(),
            description: Some("The bucket".to_owned()),
            export: None,
        }];
        assert_eq!(
            text(&[(&address, &outputs[..])], 100),
            "222222222222/us-east-1/lab-dataset-sales\n\
             OUTPUT      VALUE      DESCRIPTION\n\
             BucketName  lab-sales  The bucket\n"
        );
        let document = document(&[(&address, &outputs[..])]);
        assert_eq!(document["stacks"][0]["outputs"][0]["value"], "lab-sales");
    }
}
