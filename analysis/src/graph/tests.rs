use super::*;

fn ends(graph: &Graph) -> Vec<(&str, &str)> {
    graph.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect()
}

fn stack(name: &str, kind: &str, group: &str) -> Node {
    Node { group: Some(group.to_owned()), ..Node::new(name, name, kind) }
}

fn depends(from: &str, to: &str) -> Edge {
    let (from, to, label) = (from.to_owned(), to.to_owned(), String::new());
    Edge { from, to, kind: EdgeKind::DependsOn, label, mark: None }
}

fn mesh(nodes: Vec<Node>, edges: impl IntoIterator<Item = Edge>) -> Graph {
    Graph::of(What::Mesh, "sample".to_owned(), nodes, edges.into_iter().collect())
}

/// Source: "Ref", "Fn::GetAtt", "Fn::Sub" and "DependsOn" in the CloudFormation template reference. The variables in the map of
/// `Fn::Sub` hide resources with the same name, and `${!Name}` is a literal.
#[test]
fn resources_are_joined_by_every_form_of_reference() {
    let template = lakewright_template::read::template(
        "
Parameters: {Given: {Type: String}}
Resources:
  ByRef: {Type: 'AWS::S3::Bucket', Properties: {BucketName: {Ref: Target}}}
  ByGetAtt: {Type: 'AWS::S3::Bucket', Properties: {Tags: [{Key: a, Value: {'Fn::GetAtt': [Target, Arn]}}]}}
  BySub: {Type: 'AWS::S3::Bucket', Properties: {BucketName: {'Fn::Sub': 'x-${Target.Arn}-${AWS::Region}'}}}
  Inside: {Type: 'AWS::S3::Bucket', Properties: {BucketName: {'Fn::Join': ['', [a, {Ref: Target}]]}}}
  Hidden: {Type: 'AWS::S3::Bucket', Properties: {BucketName: {'Fn::Sub': ['${Target}-${!Target}', {Target: a}]}}}
  Waiting: {Type: 'AWS::S3::Bucket', DependsOn: Target}
  Both: {Type: 'AWS::S3::Bucket', DependsOn: [Target], Properties: {BucketName: {Ref: Target}}}
  Other: {Type: 'AWS::S3::Bucket', Properties: {BucketName: {Ref: Given}}}
  Target: {Type: 'AWS::SQS::Queue'}
",
    );
    let graph = of_template("stack".to_owned(), &template.expect("a template"));
    let found: Vec<(&str, &str, EdgeKind)> =
        graph.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str(), edge.kind)).collect();
    assert_eq!(
        found,
        [
            ("Both", "Target", EdgeKind::RefersTo),
            ("ByGetAtt", "Target", EdgeKind::RefersTo),
            ("ByRef", "Target", EdgeKind::RefersTo),
            ("BySub", "Target", EdgeKind::RefersTo),
            ("Inside", "Target", EdgeKind::RefersTo),
            ("Waiting", "Target", EdgeKind::WaitsFor),
        ]
    );
    let target = graph.nodes.iter().find(|node| node.id == "Target").expect("the queue");
    assert_eq!((target.kind.as_str(), &target.group), ("AWS::SQS::Queue", &None));
    assert_eq!(graph.nodes.len(), 9);
}

#[test]
fn a_dependency_that_follows_from_others_is_not_drawn() {
    let nodes = ["a", "b", "c", "d"].map(|name| stack(name, "team", "111122223333/eu-west-1"));
    let edges = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("c", "d")];
    let edges = edges.map(|(from, to)| depends(from, to));
    let Readable { graph, note } = readable(mesh(nodes.to_vec(), edges));
    assert_eq!(ends(&graph), [("a", "b"), ("b", "c"), ("c", "d")]);
    assert_eq!(note, None);
    // Nothing follows from a circle.
    let circle = [("a", "b"), ("b", "a"), ("a", "c"), ("b", "c")];
    let circle = circle.map(|(from, to)| depends(from, to));
    let Readable { graph, .. } = readable(mesh(nodes.to_vec(), circle));
    assert_eq!(ends(&graph), [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c")]);
}

#[test]
fn a_large_mesh_becomes_a_box_for_each_kind_and_place() {
    let mut nodes = vec![stack("base", "environment", "111122223333/eu-west-1")];
    for number in 0..READABLE {
        let account = if number % 2 == 0 { "111122223333" } else { "444455556666" };
        nodes.push(stack(&format!("s{number}"), "dataset", &format!("{account}/eu-west-1")));
    }
    let edges: Vec<Edge> = (0..READABLE).map(|n| depends(&format!("s{n}"), "base")).collect();
    let graph = mesh(nodes, edges);
    let Readable { graph: drawn, note } = readable(graph.clone());
    let shown: Vec<(&str, usize, Option<&str>)> = drawn
        .nodes
        .iter()
        .map(|node| (node.label.as_str(), node.count, node.group.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("base", 1, Some("111122223333/eu-west-1")),
            ("100 × dataset", 100, Some("111122223333/eu-west-1")),
            ("100 × dataset", 100, Some("444455556666/eu-west-1")),
        ]
    );
    assert_eq!(drawn.edges.len(), 2);
    assert_eq!(drawn.groups.len(), 2);
    let note = note.expect("a note");
    assert!(note.starts_with("201 nodes and 200 lines are too many to read"), "{note}");
    // With one node fewer, each is drawn.
    let mut smaller = graph;
    smaller.nodes.pop();
    let Readable { graph, note } = readable(smaller);
    assert_eq!((graph.nodes.len(), note), (READABLE, None));
}

/// Source: `maxEdges` in Mermaid's page about its configuration, 500 by default.
#[test]
fn lines_that_mermaid_refuses_are_put_together() {
    let nodes = (0..60).map(|n| Node::new(format!("n{n}"), "a", format!("kind {}", n % 6)));
    let nodes: Vec<Node> = nodes.collect();
    let edges = (0..60).flat_map(|n| (0..n).map(move |m| (n, m)));
    let edges = edges.map(|(from, to)| Edge {
        kind: EdgeKind::RefersTo,
        ..depends(&format!("n{from}"), &format!("n{to}"))
    });
    let graph = mesh(nodes, edges);
    assert_eq!(graph.edges.len(), 1770);
    let Readable { graph, note } = readable(graph);
    assert_eq!((graph.nodes.len(), graph.edges.len()), (6, 30));
    assert!(note.is_some());
}

/// Whatever the number of accounts and regions, the drawing can be read.
#[test]
fn many_places_are_put_together_too() {
    let place = |number: usize| format!("{:012}/eu-west-{}", number / 3, number % 3 + 1);
    let nodes = (0..900).map(|n| stack(&format!("s{n}"), "dataset", &place(n))).collect();
    let Readable { graph, .. } = readable(mesh(nodes, []));
    assert_eq!(graph.nodes.len(), 1);
    assert_eq!(graph.nodes[0].label, "900 × dataset");
    let nodes = (0..300).map(|n| stack(&format!("s{n}"), "dataset", &place(n))).collect();
    let Readable { graph, .. } = readable(mesh(nodes, []));
    assert_eq!(graph.nodes.len(), 100, "a box for each account");
    assert_eq!(graph.groups[1].id, "000000000001");
}
