//! Calls to all primaries of a cluster.

use std::collections::BTreeMap;

use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo, SingleNodeRoutingInfo};
use redis::{ErrorKind, RedisError, Value};

use crate::redis::info::field;

/// Returns each primary's `host:port` with its answer. It fails if a primary does not answer, or serves no slots.
pub(super) async fn ask_primaries(
    line: &mut ClusterConnection,
    command: redis::Cmd,
) -> Result<BTreeMap<String, Value>, String> {
    let to_one = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
    let mut info = redis::cmd("CLUSTER");
    info.arg("INFO");
    let info = said(line.route_command(info, to_one).await)?;
    if field(&info, "cluster_state") == "fail" {
        return Err("the cluster says cluster_state:fail".to_owned());
    }
    let answers = line.route_command(command, to_all(None)).await.map_err(|error| error.to_string())?;
    let Value::Map(answers) = answers else { return Err("the cluster's answer has no nodes".to_owned()) };
    let named = |(node, answer): (Value, Value)| Some((redis::from_redis_value::<String>(node).ok()?, answer));
    let answers: BTreeMap<String, Value> = answers.into_iter().filter_map(named).collect();
    // The library leaves out those to which it could not connect.
    let expected = field(&info, "cluster_size").parse().unwrap_or(answers.len());
    if answers.len() < expected {
        return Err(format!("{} of {expected} primaries of the cluster can be reached", answers.len()));
    }
    Ok(answers)
}

/// Fails if one of the primaries does not answer.
pub(super) async fn ping_primaries(line: &mut ClusterConnection) -> Result<(), String> {
    let ponged = line.route_command(redis::cmd("PING"), to_all(Some(ResponsePolicy::AllSucceeded))).await;
    ponged.and_then(Value::extract_error).map(|_pong| ()).map_err(|error| error.to_string())
}

/// Returns an answer; an empty one if the server refuses the question, as to a user who is not allowed to ask.
pub(super) fn said(answer: Result<Value, RedisError>) -> Result<String, String> {
    match answer.and_then(Value::extract_error) {
        Ok(answer) => redis::from_redis_value(answer).map_err(|error| error.to_string()),
        Err(error) if matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) => Ok(String::new()),
        Err(error) => Err(error.to_string()),
    }
}

fn to_all(policy: Option<ResponsePolicy>) -> RoutingInfo {
    RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, policy))
}
