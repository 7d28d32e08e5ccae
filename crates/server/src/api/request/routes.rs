//! A route: a path, a handler and its description. Nothing is served without a description.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use parameters::Checked;

use super::limiting::CALLBACKS;
use crate::api::Shop;
use crate::http::Code;
use crate::openapi::{Describes, Operation, Signature};
use crate::security::auth::{Admin, Role, needed};

mod parameters;

/// A group of routes.
#[derive(Default)]
pub(in crate::api) struct Routes(Vec<Route>);

struct Route {
    methods: MethodRouter<Shop>,
    operation: Operation,
}

impl Routes {
    pub(in crate::api) fn get<H, T, A>(self, path: &'static str, handler: H, operation: Operation) -> Routes
    where
        H: Handler<T, Shop> + Signature<A>,
        T: 'static,
    {
        self.on(MethodFilter::GET, handler, Operation { path, method: Method::GET, ..operation })
    }

    pub(in crate::api) fn post<H, T, A>(self, path: &'static str, handler: H, operation: Operation) -> Routes
    where
        H: Handler<T, Shop> + Signature<A>,
        T: 'static,
    {
        self.on(MethodFilter::POST, handler, Operation { path, method: Method::POST, ..operation })
    }

    pub(in crate::api) fn patch<H, T, A>(self, path: &'static str, handler: H, operation: Operation) -> Routes
    where
        H: Handler<T, Shop> + Signature<A>,
        T: 'static,
    {
        self.on(MethodFilter::PATCH, handler, Operation { path, method: Method::PATCH, ..operation })
    }

    pub(in crate::api) fn put<H, T, A>(self, path: &'static str, handler: H, operation: Operation) -> Routes
    where
        H: Handler<T, Shop> + Signature<A>,
        T: 'static,
    {
        self.on(MethodFilter::PUT, handler, Operation { path, method: Method::PUT, ..operation })
    }

    pub(in crate::api) fn delete<H, T, A>(self, path: &'static str, handler: H, operation: Operation) -> Routes
    where
        H: Handler<T, Shop> + Signature<A>,
        T: 'static,
    {
        self.on(MethodFilter::DELETE, handler, Operation { path, method: Method::DELETE, ..operation })
    }

    fn on<H, T, A>(mut self, method: MethodFilter, handler: H, operation: Operation) -> Routes
    where
        H: Handler<T, Shop> + Signature<A>,
        T: 'static,
    {
        let mut operation = H::describe(operation);
        // Callbacks are neither rate limited nor refused for unknown parameters: results of payments must always arrive.
        let is_callback = operation.path.starts_with(CALLBACKS);
        if operation.method != Method::GET && !is_callback {
            operation.is_limited = true;
            operation.refuse(Code::RateExceeded);
        }
        let methods = if is_callback || operation.is_page {
            on(method, handler)
        } else {
            operation.refuse(Code::ValidationFailed);
            on(method, Checked::new(handler, &operation))
        };
        self.0.push(Route { methods, operation });
        self
    }

    /// Adds the routes of another group.
    pub(in crate::api) fn and(mut self, other: Routes) -> Routes {
        self.0.extend(other.0);
        self
    }

    /// Describes these routes as requiring an admin token.
    pub(in crate::api) fn for_admins(mut self) -> Routes {
        for Route { operation, .. } in &mut self.0 {
            Admin::describe(operation);
            let role = match needed(&operation.method, operation.path) {
                Role::Admin => "For the role admin.",
                Role::Operator => "For the roles operator and admin.",
                Role::Viewer | Role::Customer => "For the roles viewer, operator and admin.",
            };
            *operation = operation.clone().paragraph(role);
        }
        self
    }

    pub(in crate::api) fn router(self) -> Router<Shop> {
        self.0.into_iter().fold(Router::new(), |router, route| router.route(route.operation.path, route.methods))
    }

    pub(in crate::api) fn operations(self) -> impl Iterator<Item = Operation> {
        self.0.into_iter().map(|route| route.operation)
    }
}
