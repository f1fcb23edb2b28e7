//! What Cedar's symbolic compiler says of the policies of a policy store, for all requests and all entities that the schema
//! allows:
//!
//! - no policy can err in evaluation;
//! - a policy whose absence changes no decision for any entities has no effect for those of the mesh either. So
//!   `lakewright policies` must not call it effective.
//!
//! The first argument is a file with `schema` and `policies` (pairs of an id and a text), the second one what
//! `lakewright policies --format json` wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;

use cedar_policy::{Policy, PolicyId, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet};
use serde_json::Value;

type Fallible<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Fallible<()> {
    let mut arguments = std::env::args().skip(1);
    let mut read = || -> Fallible<Value> {
        let path = arguments.next().ok_or("a file is missing")?;
        Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
    };
    let (store, uses) = (read()?, read()?);
    let schema = Schema::from_json_str(text(&store["schema"])?)?;
    let mut policies = BTreeMap::new();
    for pair in store["policies"].as_array().ok_or("no policies")? {
        let id = text(&pair[0])?.to_owned();
        policies.insert(id.clone(), Policy::parse(Some(PolicyId::new(&id)), text(&pair[1])?)?);
    }
    let mut compiler = CedarSymCompiler::new(LocalSolver::cvc5()?)?;
    let (mut questions, mut effective) = (0, BTreeSet::new());
    for (env, about) in classes(&schema, &policies)? {
        let set = |without: Option<&str>| -> Fallible<CompiledPolicySet> {
            let chosen = about.iter().filter(|id| Some(id.as_str()) != without);
            let chosen = chosen.map(|id| policies[id].clone());
            let set = PolicySet::from_policies(chosen)?;
            Ok(CompiledPolicySet::compile(&set, &env, &schema)?)
        };
        let all = set(None)?;
        for id in &about {
            let compiled = CompiledPolicy::compile(&policies[id], &env, &schema)?;
            if !compiler.check_never_errors_opt(&compiled).await? {
                return Err(format!("{id} can err in {env:?}").into());
            }
            questions += 1;
            if !effective.contains(id) {
                questions += 1;
                if !compiler.check_equivalent_opt(&all, &set(Some(id))?).await? {
                    effective.insert(id.clone());
                }
            }
        }
    }
    compare(&policies, &effective, &uses)?;
    println!("{} policies, {questions} questions: no policy can err", policies.len());
    Ok(())
}

fn text(value: &Value) -> Fallible<&str> {
    value.as_str().ok_or_else(|| format!("{value} is no text").into())
}

/// One kind of requests for each set of policies about a type of resources, with these policies: a policy says nothing about an
/// action except in its scope.
fn classes(
    schema: &Schema,
    policies: &BTreeMap<String, Policy>,
) -> Fallible<Vec<(RequestEnv, BTreeSet<String>)>> {
    let mut scopes = BTreeMap::new();
    for (id, policy) in policies {
        let json = policy.to_json()?;
        let entities = json["action"]["entities"].as_array().ok_or("no list of actions")?;
        let names = entities.iter().map(|one| text(&one["id"]).map(str::to_owned));
        scopes.insert(id, names.collect::<Fallible<BTreeSet<String>>>()?);
    }
    let mut classes = BTreeMap::new();
    for env in schema.request_envs() {
        let action: &str = env.action().id().as_ref();
        let group = action.split_once('.').map(|(group, _)| format!("{group}.*"));
        let is_about = |scope: &BTreeSet<String>| {
            scope.contains(action) || group.as_ref().is_some_and(|group| scope.contains(group))
        };
        let about = scopes.iter().filter(|(_, scope)| is_about(scope));
        let about: BTreeSet<String> = about.map(|(id, _)| (*id).clone()).collect();
        let resource = env.resource_type().to_string();
        classes.entry((resource, about)).or_insert(env);
    }
    Ok(classes.into_iter().map(|((_, about), env)| (env, about)).collect())
}

/// Compares with what `lakewright policies` says.
fn compare(
    policies: &BTreeMap<String, Policy>,
    effective: &BTreeSet<String>,
    uses: &Value,
) -> Fallible<()> {
    let mut without = Vec::new();
    for one in uses["policies"].as_array().ok_or("no policies")? {
        let id = text(&one["id"])?;
        if !policies.contains_key(id) || effective.contains(id) {
            continue;
        }
        without.push(format!("{id}: {}", text(&one["use"])?));
        if one["use"] == "effective" {
            return Err(format!("{id} has no effect for any entities, and is called effective").into());
        }
    }
    println!("without an effect for any entities: {}", without.join(", "));
    Ok(())
}
