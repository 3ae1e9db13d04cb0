using System.Globalization;
using CsCheck;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>
/// Random clusters with ClusterNetworkPolicies: what the tiers say often happens, and the judges never differ.
/// </summary>
public sealed class ClusterTierJudgesTests
{
    private static readonly ClusterShape Shape = new() { MaxPolicies = 5, MaxClusterPolicies = 5 };

    private readonly SortedDictionary<string, int> _seen = new(StringComparer.Ordinal);

    [Fact]
    public void Evaluator_equals_naive_evaluator_on_100_000_random_connections_through_tiers() =>
        RandomClusters.Cases(Shape, TwoJudgesTests.ProbesPerCluster).Sample(
            c =>
            {
                var judges = new Judges(c.Cluster);
                foreach (var probe in c.Probes)
                    TwoJudgesTests.AssertAgree(judges, probe);
            },
            iter: TwoJudgesTests.Clusters,
            threads: 1);

    [Fact]
    public void Every_kind_of_answer_is_given_often()
    {
        RandomClusters.Cases(Shape, probes: 100).Sample(
            c =>
            {
                var judges = new Judges(c.Cluster);
                foreach (var probe in c.Probes)
                    Count(judges, probe);
            },
            iter: 600,
            threads: 1);
        string[] wanted =
        [
            "Admin Allowed", "Admin Denied", "NetworkPolicy Allowed", "NetworkPolicy NoRuleMatches",
            "Baseline Allowed", "Baseline Denied", "Default NotIsolated", "Default NotAPod", "Exempt Self",
            "Exempt OwnNode", "one pass, then NetworkPolicy", "one pass, then Baseline", "two passes", "fails closed",
            "by ClusterPodPeer", "by NetworksPeer", "by NodesPeer", "by DomainNamesPeer", "by a port name, Ingress",
            "by a port name, Egress", "ICMP denied", "own node denied in Admin", "own node denied in Baseline",
            "itself denied through a Service", "isolated in the other direction only, Baseline asked",
        ];
        Assert.Equal([], wanted.Where(kind => _seen.GetValueOrDefault(kind) < 5).Select(Report));
    }

    private void Count(Judges judges, Probe probe)
    {
        var connection = judges.Connection(probe);
        var explanation = judges.Evaluator.Explain(connection);
        Count(judges, explanation.Egress, connection, connection.From, connection.To, Direction.Egress);
        Count(judges, explanation.Ingress, connection, connection.To, connection.From, Direction.Ingress);
    }

    private void Count(Judges judges, Side side, Connection connection, Party subject, Party peer, Direction direction)
    {
        Add($"{side.Tier} {side.Reason}");
        if (side.PassedBy.Length == 1)
            Add($"one pass, then {side.Tier}");
        else if (side.PassedBy.Length == 2)
            Add("two passes");
        if (side.DeniedBy is not null && peer.Kind == PartyKind.Node && peer.Node == subject.Node)
            Add($"own node denied in {side.Tier}");
        if (side.DeniedBy is not null && connection.From == connection.To)
            Add("itself denied through a Service");
        if (side.DeniedBy is not null && connection.Protocol == Protocol.Other)
            Add("ICMP denied");
        if (side.Tier == "Baseline" && IsIsolated(judges, subject, direction))
            Add("isolated in the other direction only, Baseline asked");
        if ((side.AllowedBy ?? side.DeniedBy) is { Policy.Kind: PolicyKind.ClusterNetworkPolicy } match)
            Count(judges, match, direction);
    }

    private void Count(Judges judges, RuleMatch match, Direction direction)
    {
        var cluster = judges.Policy.Snapshot.ClusterNetworkPolicies.Single(p => p.Name == match.Policy.Name);
        var rule = cluster.Rules(direction)[match.Rule];
        if (match.FailsClosed)
            Add("fails closed");
        if (match.Peer is { } peer)
            Add($"by {rule.Peers[peer].GetType().Name}");
        if (match.Port is { } port && rule.Protocols[port].Name is not null)
            Add($"by a port name, {direction}");
    }

    private static bool IsIsolated(Judges judges, Party subject, Direction notIn)
    {
        var other = notIn == Direction.Ingress ? Direction.Egress : Direction.Ingress;
        return judges.Naive.IsIsolated(judges.Policy.Snapshot.Endpoints[subject.Endpoint], other);
    }

    private void Add(string kind) => _seen[kind] = _seen.GetValueOrDefault(kind) + 1;

    private string Report(string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}: only {_seen.GetValueOrDefault(kind)} times");
}
