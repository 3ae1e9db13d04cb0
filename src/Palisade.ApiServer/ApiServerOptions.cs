using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;

namespace Palisade.ApiServer;

/// <summary>How the embedded API server is started.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Where objects, CA, token and port are kept; made (0700) when it does not exist.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>
    /// The TCP port on 127.0.0.1; null: the one of the data directory, or at first start a free one, then kept.
    /// </summary>
    public int? Port { get; init; }

    /// <summary>
    /// File descriptors of sockets that are already bound (other namespaces' loopbacks). The server listens on them
    /// with the same TLS and token; the caller keeps owning the descriptors and closes them after the server.
    /// </summary>
    public ImmutableArray<int> ListenHandles { get; init; } = [];

    /// <summary>Adds endpoints beside the Kubernetes API; RBAC judges them as resources, by their paths.</summary>
    public Action<IEndpointRouteBuilder>? MapExtra { get; init; }

    /// <summary>The Kubernetes version, major.minor, that /version reports and validation follows.</summary>
    public string KubeVersion { get; init; } = "1.35";

    /// <summary>
    /// What to warn of when a pod is created (for example that images are not pulled); null: nothing.
    /// </summary>
    public Func<JsonObject, string?>? PodWarning { get; init; }

    /// <summary>
    /// What runs the pods, for kubectl logs, exec, attach, cp and port-forward; null: those answer 501.
    /// </summary>
    public IPodStreams? PodStreams { get; init; }

    /// <summary>Looks at changes before they are made: warns, or refuses; null: nobody does.</summary>
    public Admission? Admission { get; init; }

    /// <summary>
    /// The ranges that Services get their cluster addresses from, at most one a family, the cluster's first family
    /// first. None: no addresses, and nobody keeps EndpointSlices.
    /// </summary>
    public ImmutableArray<IPNetwork> ServiceRanges { get; init; } = [];

    /// <summary>
    /// Whether the server does what kube-controller-manager does: pods of workloads, default ServiceAccounts, removal
    /// of what lost its owner. False: objects are kept as clients write them.
    /// </summary>
    public bool RunsControllers { get; init; }

    /// <summary>
    /// Whether somebody does what kubelets do: a deleted pod that has a node is only marked, for its grace period, and
    /// whoever runs it ends it, then deletes it (<see cref="ObjectStore.DeleteNow"/>). False: it is gone at once.
    /// </summary>
    public bool EndsPodsGracefully { get; init; }

    /// <summary>
    /// How many requests a second one user may make for long; twice that at once. More get 429 and are asked to come
    /// again.
    /// </summary>
    public int RequestsPerSecond { get; init; } = 5000;

    /// <summary>The clock of timestamps, ages and the watch window.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
