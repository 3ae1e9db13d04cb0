using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Cli.Input;

/// <summary>
/// Answers questions about a cluster, each with the names that the agent of its source's node has learned: a name's
/// address counts on the node whose pod asked for it (ADR 20).
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="given">What is known of names besides.</param>
internal sealed class NodeResolvers(ClusterSource cluster, IReadOnlyCollection<DomainName>? given = null)
{
    private readonly Dictionary<string, QuestionResolver> _resolvers = new(StringComparer.Ordinal);

    /// <summary>Answers a question.</summary>
    /// <exception cref="Output.BadInputException">See <see cref="QuestionResolver.Answer"/>.</exception>
    public Answer Answer(Question question) => For(question).Answer(question);

    /// <summary>Who answers a question.</summary>
    public QuestionResolver For(Question question)
    {
        var node = cluster.Learned.IsEmpty ? null : NodeOf(question.From);
        var knower = node is not null && cluster.Learned.ContainsKey(node) ? node : null;
        if (!_resolvers.TryGetValue(knower ?? "", out var resolver))
        {
            _resolvers[knower ?? ""] = resolver =
                new(PolicyCompiler.Compile(SnapshotOn(knower)), cluster.RefusedPolicies, knower);
        }

        return resolver;
    }

    private ClusterSnapshot SnapshotOn(string? node)
    {
        var seen = cluster.SnapshotOn(node);
        return given is null or { Count: 0 } ? seen : ClusterSnapshot.Of(
            seen.Namespaces, seen.Endpoints, seen.NetworkPolicies, seen.Services, seen.Nodes,
            seen.ClusterNetworkPolicies, seen.DomainNames.Concat(given));
    }

    /// <summary>Where a pod is; null for whoever is none: names count in what pods may reach.</summary>
    private string? NodeOf(EndpointText from) => from.Form switch
    {
        EndpointForm.Pod => cluster.Snapshot.Endpoints
            .FirstOrDefault(pod => pod.Namespace == from.Namespace && pod.Name == from.Name)?.Node,
        EndpointForm.Workload => cluster.Snapshot.Endpoints.FirstOrDefault(from.IsOf)?.Node,
        EndpointForm.Address => cluster.Snapshot.Endpoints
            .FirstOrDefault(pod => pod.Addresses.Contains(from.Address))?.Node,
        _ => null,
    };
}
