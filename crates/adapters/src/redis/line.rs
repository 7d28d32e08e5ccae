//! One type for the connections to a server and to a cluster.

use redis::aio::{ConnectionLike, ConnectionManager};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, Pipeline, RedisFuture, Value};

/// A connection that clones share. Scripts' keys have one hash tag, so that each call is of one node.
#[derive(Clone)]
pub(super) enum Line {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Line::Server(line) => line.req_packed_command(command),
            Line::Cluster(line) => line.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Line::Server(line) => line.req_packed_commands(pipeline, offset, count),
            Line::Cluster(line) => line.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Line::Server(line) => line.get_db(),
            Line::Cluster(line) => line.get_db(),
        }
    }
}
