using System.Globalization;
using CsCheck;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;
using Xunit;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>The random clusters are awkward enough: what the judges are asked about happens, and often.</summary>
public sealed class RandomClustersTests
{
    private readonly SortedDictionary<string, int> _seen = new(StringComparer.Ordinal);

    [Fact]
    public void Every_kind_of_answer_is_given_often()
    {
        RandomClusters.Cases(new(), probes: 100).Sample(
            c =>
            {
                var judges = new Judges(c.Cluster);
                foreach (var probe in c.Probes)
                    Count(judges, probe);
            },
            iter: 200,
            threads: 1);
        string[] wanted =
        [
            "NotAPod", "NotIsolated", "Allowed", "NoRuleMatches", "Self", "OwnNode",
            "allowed by a port name, Ingress", "allowed by a port name, Egress", "allowed by a block, pod",
            "allowed by a block, node", "allowed without a peer", "allowed for ICMP", "denied by an exception",
            "no address of the family",
        ];
        Assert.Equal([], wanted.Where(kind => _seen.GetValueOrDefault(kind) < 5).Select(Report));
        var (allowed, denied) = (_seen["Allow"], _seen["Deny"]);
        Assert.InRange((double)denied / (allowed + denied), 0.15, 0.75);
    }

    private void Count(Judges judges, Probe probe)
    {
        var connection = judges.Connection(probe);
        var explanation = judges.Evaluator.Explain(connection);
        Add(explanation.Verdict.ToString());
        if (connection.From.Address is null || connection.To.Address is null)
            Add("no address of the family");
        Count(judges, explanation.Egress, connection.To, probe, Direction.Egress);
        Count(judges, explanation.Ingress, connection.From, probe, Direction.Ingress);
    }

    private void Count(Judges judges, Side side, Party peer, Probe probe, Direction direction)
    {
        Add(side.Reason.ToString());
        if (side.NearMisses.Any(miss => miss.Failed is [FailedPart.ExceptedAddress]))
            Add("denied by an exception");
        if (side.AllowedBy is not { } match)
            return;
        var policy = judges.Policy.Snapshot.NetworkPolicies.Single(p => PolicyRef.Of(p) == match.Policy);
        var rule = policy.Rules(direction)[match.Rule];
        if (match.Port is { } port && rule.Ports[port].Name is not null)
            Add($"allowed by a port name, {direction}");
        if (match.Peer is null)
            Add("allowed without a peer");
        else if (rule.Peers[match.Peer.Value] is BlockPeer)
            Add(peer.Kind == PartyKind.Node ? "allowed by a block, node" : "allowed by a block, pod");
        if (probe.Protocol == Protocol.Other)
            Add("allowed for ICMP");
    }

    private void Add(string kind) => _seen[kind] = _seen.GetValueOrDefault(kind) + 1;

    private string Report(string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}: only {_seen.GetValueOrDefault(kind)} times");
}
