//! Builds a data mesh in Rust, prints the template of a dataset and of a stack of its own, and proves the mesh.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod mesh;
mod reports;

use std::error::Error;
use std::process::ExitCode;

use lakewright::prelude::*;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let built = mesh::build()?;
    let plan = Plan::of(&built.mesh, None);
    println!("# {} documents, {} stacks", built.sources.len(), plan.stacks.len());

    let sales: Id = "sales".parse()?;
    let dataset = built.mesh.datasets.get(&sales).ok_or("the mesh has this dataset")?;
    let stack = DatasetStack::new(&built.mesh, dataset, None).plan();
    let synthesized = stack.synthesize().map_err(|report| built.refuse(report))?;
    println!("---\n# {}", stack.address());
    print!("{}", template_to_yaml(&synthesized.lowered.template));

    let own = reports::stack()?;
    println!("---\n# {}", reports::NAME);
    print!("{}", template_to_yaml(&own));

    let proof = prove(&built, None)?;
    if !proof.is_proven() {
        return Err(proof.to_string().into());
    }
    eprintln!("{proof}");
    Ok(())
}
