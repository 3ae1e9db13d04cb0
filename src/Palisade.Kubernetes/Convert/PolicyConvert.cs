using System.Collections.Immutable;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Convert;

/// <summary>
/// A NetworkPolicy as the model's. From a cluster that knows more than we do it may hold what we cannot read; then it
/// fails closed:
/// a peer or port we do not understand allows nobody, a rule left without any peer or port (where it named some), or
/// with a field
/// we do not know, is dropped, a subject we do not understand is every pod of the namespace, and the isolation always
/// stays.
/// </summary>
internal sealed class PolicyConvert
{
    private readonly WireObject _policy;
    private readonly string? _file;
    private readonly ICollection<Diagnostic> _diagnostics;

    private PolicyConvert(WireObject policy, string? file, ICollection<Diagnostic> diagnostics)
    {
        _policy = policy;
        _file = file;
        _diagnostics = diagnostics;
    }

    public static NetworkPolicy? Convert(WireObject value, string? file, ICollection<Diagnostic> diagnostics) =>
        ClusterConvert.Name(value).Length == 0 ? null : new PolicyConvert(value, file, diagnostics).Policy();

    private NetworkPolicy Policy()
    {
        var spec = NetworkPolicyDefaults.Apply(_policy)["spec"] as WireObject ?? new WireObject([], _policy.At);
        var subject = Selector(spec["podSelector"], "spec.podSelector");
        var types = (spec["policyTypes"] as WireArray)?.Items.Select(ClusterConvert.Text).ToArray() ?? [];
        var known = types.All(type => type is "Ingress" or "Egress");
        if (!known)
            Report("spec.policyTypes", "has a type that is not known; both directions are isolated", spec.At);
        if (subject is null)
            Report("spec.podSelector",
                "is not understood; every pod of the namespace is isolated and nothing is allowed", spec.At);
        return new()
        {
            Namespace = ClusterConvert.NamespaceOf(_policy),
            Name = ClusterConvert.Name(_policy),
            Subject = subject ?? LabelSelector.Everything,
            IsolatesIngress = !known || types.Contains("Ingress"),
            IsolatesEgress = !known || types.Contains("Egress"),
            Ingress = subject is null ? [] : Rules(spec, "ingress", "from", NetworkingTypes.NetworkPolicyIngressRule),
            Egress = subject is null ? [] : Rules(spec, "egress", "to", NetworkingTypes.NetworkPolicyEgressRule),
            Origin = At(_policy),
        };
    }

    private ImmutableArray<PolicyRule> Rules(WireObject spec, string direction, string peers, ObjectSchema type)
    {
        if (spec[direction] is not WireArray list)
        {
            if (spec[direction] is { } other and not WireNull)
                Report($"spec.{direction}", "is not a list; it allows nothing", other.At);
            return [];
        }

        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        for (var i = 0; i < list.Items.Length; i++)
        {
            // null is an empty rule, as Go decodes it.
            var item = list.Items[i] is WireNull ? new WireObject([], list.Items[i].At) : list.Items[i];
            if (Rule(item, $"spec.{direction}[{i}]", peers, type) is { } rule)
                rules.Add(rule);
        }

        return rules.DrainToImmutable();
    }

    private PolicyRule? Rule(WireValue value, string path, string peers, ObjectSchema type)
    {
        if (value is not WireObject rule || UnknownField(rule, type) is not null)
        {
            Report(path, "is not understood; it allows nothing", value.At);
            return null;
        }

        var from = Entries(rule[peers], $"{path}.{peers}", Peer);
        var ports = Entries(rule["ports"], $"{path}.ports", Port);
        return from is null || ports is null ? null : new(from.Value, ports.Value, At(value));
    }

    // Null when entries were named and none is left: an empty list would mean every one.
    private ImmutableArray<T>? Entries<T>(WireValue? value, string path, Func<WireObject, string, T?> read)
        where T : class
    {
        if (value is null or WireNull or WireArray { Items.Length: 0 })
            return [];
        if (value is not WireArray list)
        {
            Report(path, "is not a list; the rule allows nothing", value.At);
            return null;
        }

        var entries = ImmutableArray.CreateBuilder<T>();
        for (var i = 0; i < list.Items.Length; i++)
        {
            var item = list.Items[i] is WireNull ? new WireObject([], list.Items[i].At) : list.Items[i] as WireObject;
            if (item is not null && read(item, $"{path}[{i}]") is { } entry)
                entries.Add(entry);
            else
                Report($"{path}[{i}]", "is not understood; it allows nothing", list.Items[i].At);
        }

        return entries.Count == 0 ? null : entries.DrainToImmutable();
    }

    private PolicyPeer? Peer(WireObject peer, string path)
    {
        if (UnknownField(peer, NetworkingTypes.NetworkPolicyPeer) is not null)
            return null;
        var (pods, namespaces, block) =
            (Given(peer, "podSelector"), Given(peer, "namespaceSelector"), Given(peer, "ipBlock"));
        if (block is not null)
            return pods is null && namespaces is null ? Block(block, At(peer)) : null;
        if (pods is null && namespaces is null)
            return null;
        var podSelector = pods is null ? LabelSelector.Everything : Selector(pods, path);
        var namespaceSelector = namespaces is null ? null : Selector(namespaces, path);
        if (podSelector is null || (namespaces is not null && namespaceSelector is null))
            return null;
        return new PodPeer(namespaceSelector, podSelector, At(peer));
    }

    private static BlockPeer? Block(WireValue value, SourceLocation at)
    {
        if (value is not WireObject block || UnknownField(block, NetworkingTypes.IPBlock) is not null)
            return null;
        if (SloppyCidr.Parse(ClusterConvert.Text(block["cidr"])) is not { } cidr)
            return null;
        var excepts = ImmutableArray.CreateBuilder<Cidr>();
        if (block["except"] is { } given and not WireNull)
        {
            if (given is not WireArray list)
                return null;
            foreach (var item in list.Items)
            {
                // A hole that cannot be read makes the whole block unsafe to allow.
                if (SloppyCidr.Parse(ClusterConvert.Text(item)) is not { } except)
                    return null;
                excepts.Add(except.Meant);
            }
        }

        return new(cidr.Meant, excepts.DrainToImmutable(), at);
    }

    private PolicyPort? Port(WireObject port, string path)
    {
        if (UnknownField(port, NetworkingTypes.NetworkPolicyPort) is not null)
            return null;
        var named = Given(port, "protocol");
        // An absent protocol is TCP; an empty or odd one is none.
        var word = named is null ? "TCP" : ClusterConvert.Text(named) is { Length: > 0 } text ? text : "?";
        if (!ClusterConvert.TryProtocol(word, out var protocol))
            return null;
        var (number, end) = (Given(port, "port"), Given(port, "endPort"));
        if (number is null)
            return end is null ? PolicyPort.All(protocol, At(port)) : null;
        if (number is WireString name)
            return end is null && name.Value.Length > 0 ? PolicyPort.Named(protocol, name.Value, At(port)) : null;
        if (!ClusterConvert.TryNumber(number, out var first))
            return null;
        var last = first;
        if (end is not null && (!ClusterConvert.TryNumber(end, out last) || last < first))
            return null;
        return PolicyPort.Range(protocol, first, last, At(port));
    }

    private static LabelSelector? Selector(WireValue? value, string path) => value switch
    {
        null or WireNull => LabelSelector.Everything,
        WireObject o when Understood(o) => WireSelectors.Read(o),
        _ => null,
    };

    private static bool Understood(WireObject selector) => StrictDecode.Check(selector, ApiKinds.LabelSelector).IsClean;

    private static WireValue? Given(WireObject holder, string name) =>
        holder[name] is { } value and not WireNull ? value : null;

    private static string? UnknownField(WireObject value, ObjectSchema type)
    {
        foreach (var member in value.Members)
        {
            if (type.Field(member.Name) is null)
                return member.Name;
        }

        return null;
    }

    private SourceLocation At(WireValue value) => ClusterConvert.At(_file, value.At);

    private void Report(string path, string text, Position at) => _diagnostics.Add(new(
        "PL-D016",
        Severity.Warning,
        $"{path} {text}",
        ClusterConvert.At(_file, at),
        "upgrade Palisade, or write it with the fields of networking.k8s.io/v1",
        $"NetworkPolicy {ClusterConvert.NamespaceOf(_policy)}/{ClusterConvert.Name(_policy)}"));
}
