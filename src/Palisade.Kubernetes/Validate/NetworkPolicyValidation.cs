using System.Collections.Frozen;
using System.Collections.Immutable;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// The spec of networking.k8s.io/v1 NetworkPolicy, in the order of pkg/apis/networking/validation (semantics §2.2).
/// </summary>
internal sealed class NetworkPolicyValidation
{
    private readonly KubeVersion _version;
    private readonly CauseList _causes;
    private readonly bool _tolerateValues;
    private readonly FrozenSet<string> _stored;

    private NetworkPolicyValidation(KubeVersion version, CauseList causes, WireObject? old)
    {
        _version = version;
        _causes = causes;
        _stored = old is null ? []
            : Blocks(Place.Root(old)["spec"]).Select(block => block.Text).ToFrozenSet(StringComparer.Ordinal);
        _tolerateValues = old is not null && HasBadSelector(old);
    }

    /// <summary>Checks a defaulted policy's spec; <paramref name="old"/>: the stored object of an update.</summary>
    public static void Check(Place policy, WireObject? old, KubeVersion version, CauseList causes) =>
        new NetworkPolicyValidation(version, causes, old).Spec(policy["spec"]);

    /// <summary>The Warning headers for blocks in odd spellings.</summary>
    public static ImmutableArray<FieldWarning> Warnings(Place policy, KubeVersion version)
    {
        if (!version.WarnsOfOddCidrs)
            return [];
        return [.. Blocks(policy["spec"]).SelectMany(block =>
            CidrWarnings(block).Select(text => new FieldWarning(text, block.At)))];
    }

    private static bool HasBadSelector(WireObject old)
    {
        var causes = new CauseList();
        SelectorValidation.Check(Place.Root(old)["spec"]["podSelector"], tolerateValues: false, causes);
        return causes.Count > 0;
    }

    private void Spec(Place spec)
    {
        SelectorValidation.Check(spec["podSelector"], _tolerateValues, _causes);
        Rules(spec["ingress"], "from");
        Rules(spec["egress"], "to");
        Types(spec["policyTypes"]);
    }

    private void Rules(Place rules, string peers)
    {
        foreach (var rule in rules.Items())
        {
            foreach (var port in rule["ports"].Items())
                Port(port);
            foreach (var peer in rule[peers].Items())
                Peer(peer);
        }
    }

    private void Port(Place entry)
    {
        var protocol = entry["protocol"];
        if (protocol.IsPresent && protocol.Text is not ("TCP" or "UDP" or "SCTP"))
            _causes.NotSupported(protocol, protocol.Text, "TCP", "UDP", "SCTP");
        var port = entry["port"];
        var end = entry["endPort"];
        if (!port.IsPresent)
        {
            if (end.IsPresent)
                _causes.Invalid(end, end.Number, "may not be specified when `port` is not specified");
        }
        else if (port.Value is WireNumber)
        {
            NumericPort(port, end);
        }
        else
        {
            if (end.IsPresent)
                _causes.Invalid(end, end.Number, "may not be specified when `port` is non-numeric");
            _causes.Invalid(port, port.Text, Names.PortName(port.Text));
        }
    }

    private void NumericPort(Place port, Place end)
    {
        foreach (var problem in Names.PortNumber(port.Number))
            _causes.Invalid(port, port.Number, problem);
        if (!end.IsPresent)
            return;
        if (end.Number < port.Number)
            _causes.Invalid(end, end.Number, "must be greater than or equal to `port`");
        foreach (var problem in Names.PortNumber(end.Number))
            _causes.Invalid(end, end.Number, problem);
    }

    private void Peer(Place peer)
    {
        var (pods, namespaces, block) = (peer["podSelector"], peer["namespaceSelector"], peer["ipBlock"]);
        if (pods.IsPresent)
            SelectorValidation.Check(pods, _tolerateValues, _causes);
        if (namespaces.IsPresent)
            SelectorValidation.Check(namespaces, _tolerateValues, _causes);
        if (block.IsPresent)
            Block(block);
        if (!pods.IsPresent && !namespaces.IsPresent && !block.IsPresent)
            _causes.Required(peer, "must specify a peer");
        else if (block.IsPresent && (pods.IsPresent || namespaces.IsPresent))
            _causes.Forbidden(peer, "may not specify both ipBlock and another peer");
    }

    private void Block(Place block)
    {
        var cidr = block["cidr"];
        if (cidr.Text.Length == 0)
        {
            _causes.Required(cidr);
            return;
        }

        if (CidrOf(cidr) is not { } outer)
            return;
        foreach (var except in block["except"].Items())
        {
            if (CidrOf(except) is { } inner && (!outer.ContainsFirstOf(inner) || outer.Length >= inner.Length))
                _causes.Invalid(except, except.Text, "must be a strict subset of `cidr`");
        }
    }

    private SloppyCidr? CidrOf(Place place)
    {
        var parsed = SloppyCidr.Parse(place.Text);
        // A value anywhere in the stored object stays allowed (ValidateIPBlock).
        if (_stored.Contains(place.Text))
            return parsed;
        if (parsed is null)
            _causes.Invalid(place, place.Text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        else if (_version.RefusesOddCidrs && parsed.HasLeadingZeros)
            _causes.Invalid(place, place.Text, "must not have leading 0s in IP or prefix length");
        else if (_version.RefusesOddCidrs && parsed.IsMapped)
            _causes.Invalid(place, place.Text, "must not have an IPv4-mapped IPv6 address");
        else if (_version.RefusesOddCidrs && parsed.HasHostBits)
            _causes.Invalid(place, place.Text, "must not have bits set beyond the prefix length");
        return parsed;
    }

    private void Types(Place types)
    {
        if (types.Count > 2)
        {
            var shown = string.Join(", ", types.Items().Select(type => GoText.Quote(type.Text)));
            _causes.InvalidValue(types, $"[]networking.PolicyType{{{shown}}}",
                "may not specify more than two policyTypes");
            return;
        }

        foreach (var type in types.Items())
        {
            if (type.Text is not ("Ingress" or "Egress"))
                _causes.NotSupported(type, type.Text, "Ingress", "Egress");
        }
    }

    private static IEnumerable<Place> Blocks(Place spec)
    {
        var peers = spec["ingress"].Items().SelectMany(rule => rule["from"].Items())
            .Concat(spec["egress"].Items().SelectMany(rule => rule["to"].Items()));
        return peers.Select(peer => peer["ipBlock"]).Where(block => block.IsPresent)
            .SelectMany(block => block["except"].Items().Prepend(block["cidr"]));
    }

    private static IEnumerable<string> CidrWarnings(Place place)
    {
        if (SloppyCidr.Parse(place.Text) is not { } cidr)
            yield break;
        var value = GoText.Quote(place.Text);
        if (cidr.HasHostBits)
        {
            yield return $"{place.Path}: CIDR value {value} is ambiguous in this context "
                + $"(should be \"{cidr.BlockText}\" or \"{cidr.SingleText}\"?)";
        }

        if (cidr.HasLeadingZeros || cidr.IsMapped)
        {
            yield return $"{place.Path}: non-standard CIDR value {value} will be considered invalid in a future "
                + "Kubernetes release: "
                + $"use \"{cidr.BlockText}\"";
        }
        else if (!cidr.HasHostBits && cidr.Block.Family == Policy.Sets.AddressFamily.V6
            && cidr.Block.ToString() != place.Text)
        {
            yield return $"{place.Path}: IPv6 CIDR value {value} should be in RFC 5952 canonical format "
                + $"(\"{cidr.Block}\")";
        }
    }
}
