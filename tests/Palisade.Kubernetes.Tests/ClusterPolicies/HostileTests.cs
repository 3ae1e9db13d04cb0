using System.Collections.Immutable;
using CsCheck;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>Whatever stands in a cluster policy: it is told or it is meant, and it never opens.</summary>
public sealed class HostileTests
{
    private static readonly ImmutableArray<string> Good =
    [
        Given.Head + ", ingress: [{action: Accept, from: [{pods: {namespaceSelector: {matchLabels: {a: b}}, "
            + "podSelector: {matchExpressions: [{key: k, operator: In, values: [v]}]}}}], "
            + "protocols: [{tcp: {destinationPort: {number: 80}}}, {destinationNamedPort: web}]}]",
        Given.Egress("action: Accept, to: [{networks: [10.0.0.0/8]}, {nodes: {matchLabels: {r: i}}}, "
            + "{domainNames: ['*.a.b']}], protocols: [{udp: {destinationPort: {range: {start: 1, end: 9}}}}]"),
    ];

    private static readonly ImmutableArray<WireValue> Junk =
    [
        new WireNull(default), new WireBool(true, default), new WireNumber("7", default),
        new WireNumber("99999999999999999999", default), new WireNumber("-0.5", default),
        new WireString("", default), new WireString("\ud83d\u0000 x/y/z", default), new WireArray([], default),
        new WireArray([new WireNull(default)], default), new WireObject([], default),
        new WireObject([new("also", default, new WireObject([], default))], default),
    ];

    [Fact]
    public void One_part_replaced_by_junk_is_told_or_leaves_the_rest_as_it_was() =>
        Gen.Select(Gen.Int[0, 1], Gen.Int[1, 60], Gen.Int[0, Junk.Length - 1]).Sample((which, place, junk) =>
        {
            var good = Given.Object(Good[which]);
            var left = place;
            var bad = (WireObject)Replace(good, Junk[junk], ref left);
            var diagnostics = new List<Diagnostic>();
            var kind = ApiKinds.ClusterNetworkPolicy;
            var policy = ClusterConvert.ClusterNetworkPolicy(bad, kind, null, diagnostics);
            var verdict = ObjectValidation.Create(StrictDecode.Check(bad, kind).Pruned, kind, KubeVersion.Default);
            if (policy is null)
                return !verdict.IsValid;
            // An Accept that counts is one of which every word was understood.
            var open = policy.Ingress.Concat(policy.Egress)
                .Where(rule => rule is { Action: ClusterAction.Accept, NotUnderstood: false }).ToList();
            return open.All(rule => !rule.Peers.IsEmpty) && (diagnostics.Count > 0
                ? open.Count == 0
                : open.Count <= 1 && policy.Ingress.Concat(policy.Egress).All(rule => !rule.NotUnderstood));
        }, iter: 4000);

    [Fact]
    public void Many_labels_take_no_longer_than_they_must()
    {
        var labels = string.Join(", ", Enumerable.Range(0, 50_000).Select(i => $"k{i}: v"));
        var policy = Given.Object($"tier: Admin, priority: 1, subject: {{namespaces: {{matchLabels: {{{labels}}}}}}}");
        var kind = ApiKinds.ClusterNetworkPolicy;
        var decoded = StrictDecode.Check(policy, kind).Pruned;
        Assert.True(ObjectValidation.Create(decoded, kind, KubeVersion.Default).IsValid);
        Assert.Empty(ClusterConvert.ClusterNetworkPolicy(policy, kind)!.Ingress);
    }

    // The values in the order met; the one whose turn it is gives way.
    private static WireValue Replace(WireValue value, WireValue by, ref int left)
    {
        if (left-- == 0)
            return by;
        if (value is WireArray list)
        {
            var items = ImmutableArray.CreateBuilder<WireValue>();
            foreach (var item in list.Items)
                items.Add(Replace(item, by, ref left));
            return new WireArray(items.DrainToImmutable(), list.At);
        }

        if (value is not WireObject o)
            return value;
        var members = ImmutableArray.CreateBuilder<WireMember>();
        foreach (var member in o.Members)
            members.Add(member with { Value = Replace(member.Value, by, ref left) });
        return new WireObject(members.DrainToImmutable(), o.At);
    }
}
