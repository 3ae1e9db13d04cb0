using System.Collections.Immutable;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Tests;

/// <summary>Reads PolicyTest documents: strictly, every mistake with its place, the good probes kept.</summary>
public sealed class PolicyTestReader(string file)
{
    /// <summary>The apiVersion of PolicyTest documents.</summary>
    public const string ApiVersion = "palisade.dev/v1";

    private readonly List<(SourceLocation Place, string Text)> _mistakes = [];

    /// <summary>What was wrong so far: place and text.</summary>
    public IReadOnlyList<(SourceLocation Place, string Text)> Mistakes => _mistakes;

    /// <summary>Reads one document; null when it is no PolicyTest at all (a mistake then says so).</summary>
    public PolicyTest? Read(WireObject document)
    {
        var kind = (document["kind"] as WireString)?.Value;
        var apiVersion = (document["apiVersion"] as WireString)?.Value;
        if (kind != "PolicyTest" || apiVersion != ApiVersion)
        {
            var found = $"{apiVersion ?? "(none)"}, {kind ?? "(none)"}";
            Mistake(document.At, $"expected apiVersion {ApiVersion}, kind PolicyTest; this is {found}");
            return null;
        }

        foreach (var member in document.Members)
        {
            if (member.Name is not ("apiVersion" or "kind" or "metadata" or "probes" or "dns"))
                Mistake(member.At, $"unknown field \"{member.Name}\"; a PolicyTest has metadata, probes and dns");
        }

        var name = ((document["metadata"] as WireObject)?["name"] as WireString)?.Value;
        if (document["probes"] is not WireArray { Items.IsEmpty: false } probes)
        {
            Mistake(document.At, "probes: a PolicyTest needs a list of at least one probe");
            return null;
        }

        return new(
            name ?? Path.GetFileNameWithoutExtension(file),
            [.. probes.Items.Select(Probe).OfType<PolicyProbe>()],
            Names(document["dns"]));
    }

    private PolicyProbe? Probe(WireValue value)
    {
        if (value is not WireObject probe)
        {
            Mistake(value.At, "a probe is a mapping: { from, to, protocol, port, expect }");
            return null;
        }

        var before = _mistakes.Count;
        foreach (var member in probe.Members)
        {
            if (member.Name is not ("from" or "to" or "protocol" or "port" or "expect" or "family" or "why" or "name"))
                Mistake(member.At,
                    $"unknown field \"{member.Name}\"; a probe has from, to, protocol, port, family, expect, why");
        }

        var (protocol, port) = ProtocolAndPort(probe);
        var read = new PolicyProbe(
            Text(probe, "from"), Text(probe, "to"), protocol, port, Family(probe), Expect(probe),
            new(file, probe.At.Line, probe.At.Column));
        return _mistakes.Count == before ? read : null;
    }

    private string Text(WireObject probe, string field)
    {
        if (probe[field] is WireString { Value.Length: > 0 } text)
            return text.Value;
        Mistake((probe[field] ?? probe).At,
            $"{field}: write ns/pod, ns/Kind/name, \"ip:ADDRESS\", \"node:NAME\" or \"svc:ns/name\"");
        return "";
    }

    private (Protocol Protocol, string Port) ProtocolAndPort(WireObject probe)
    {
        var protocol = Protocol.Tcp;
        var written = probe["protocol"];
        if (written is not (null or WireNull) && !TryProtocol((written as WireString)?.Value, out protocol))
            Mistake(written.At, "protocol: TCP, UDP, SCTP or ICMP");
        var port = probe["port"] switch
        {
            WireNumber number when ushort.TryParse(number.Text, out var value) && value > 0 => number.Text,
            WireString { Value.Length: > 0 } name => name.Value,
            null or WireNull => "",
            _ => "?",
        };
        if (port == "?" || (port.Length == 0) != (protocol == Protocol.Other))
        {
            Mistake((probe["port"] ?? probe).At, protocol == Protocol.Other
                ? "port: ICMP has none; leave it away"
                : "port: a number from 1 to 65535, or a container-port name");
        }

        return (protocol, port);
    }

    private AddressFamily Family(WireObject probe)
    {
        var text = probe["family"] switch
        {
            WireNumber number => number.Text,
            WireString name => name.Value,
            null or WireNull => "4",
            _ => "",
        };
        if (text is not ("4" or "6"))
            Mistake(probe["family"]!.At, "family: 4 or 6");
        return text == "6" ? AddressFamily.V6 : AddressFamily.V4;
    }

    private bool Expect(WireObject probe)
    {
        var text = (probe["expect"] as WireString)?.Value;
        if (text is not ("allow" or "deny"))
            Mistake((probe["expect"] ?? probe).At, "expect: allow or deny");
        return text == "allow";
    }

    private ImmutableDictionary<string, ImmutableArray<Address>> Names(WireValue? dns)
    {
        var names = ImmutableDictionary.CreateBuilder<string,
            ImmutableArray<Address>>(StringComparer.OrdinalIgnoreCase);
        if (dns is not (null or WireNull or WireObject))
            Mistake(dns.At, "dns: a mapping from names to lists of addresses");
        foreach (var (name, at, value) in (dns as WireObject)?.Members ?? [])
        {
            var texts = (value as WireArray)?.Items.Select(item => (item as WireString)?.Value)
                ?? [(value as WireString)?.Value];
            var addresses =
                texts.Select(text => Address.TryParse(text, out var address) ? address : (Address?)null).ToList();
            if (addresses.Contains(null))
                Mistake(at, $"dns.{name}: a list of IP addresses");
            names[name] = [.. addresses.OfType<Address>()];
        }

        return names.ToImmutable();
    }

    /// <summary>TCP, UDP, SCTP or ICMP, in any case.</summary>
    public static bool TryProtocol(string? text, out Protocol protocol)
    {
        (var known, protocol) = text?.ToUpperInvariant() switch
        {
            "TCP" => (true, Protocol.Tcp),
            "UDP" => (true, Protocol.Udp),
            "SCTP" => (true, Protocol.Sctp),
            "ICMP" => (true, Protocol.Other),
            _ => (false, Protocol.Tcp),
        };
        return known;
    }

    private void Mistake(Position at, string text) => _mistakes.Add((new(file, at.Line, at.Column), text));
}
