using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Palisade.Lab.Services;

namespace Palisade.Lab.Dns;

/// <summary>
/// What the names of a cluster mean (the Kubernetes DNS specification 1.1.0, as CoreDNS's kubernetes plugin answers
/// it): Services, their endpoints and ports, pods by address, and the way back from addresses. Pure.
/// </summary>
/// <param name="view">The Services.</param>
/// <param name="hasNamespace">Whether a namespace is there.</param>
/// <param name="podAt">The namespace of the pod that has an address, or null.</param>
/// <param name="ranges">The pods' and Services' addresses: nobody else can name those.</param>
internal sealed class ClusterZone(
    ServiceView view, Func<string, bool> hasNamespace, Func<IPAddress, string?> podAt, IReadOnlyList<IPNetwork> ranges)
{
    /// <summary>The cluster's domain.</summary>
    public const string Domain = "cluster.local";

    private const ushort Internet = 1;
    private const int SharesOfWeight = 100;

    /// <summary>Answers a question; what is not the cluster's is refused: there is no other server to ask.</summary>
    public DnsAnswer Answer(DnsQuestion question)
    {
        if (!question.IsQuery)
            return DnsAnswer.Only(DnsCode.NotImplemented);
        if (question.Class != Internet)
            return DnsAnswer.Only(DnsCode.Refused);
        if (question.Name.EndsWith(".arpa", StringComparison.Ordinal))
            return AnswerReverse(question);
        if (question.Name != Domain && !question.Name.EndsWith($".{Domain}", StringComparison.Ordinal))
            return DnsAnswer.Only(DnsCode.Refused);
        var labels = question.Name.Length == Domain.Length
            ? [] : question.Name[..^(Domain.Length + 1)].Split('.').Reverse().ToArray();
        if (Records(question.Name, labels) is not { } found)
            return No(DnsCode.NameError, Domain);
        var wanted = found.Records.Where(record => question.Type == DnsType.Any || record.Type == question.Type
            || record.Type == DnsType.CanonicalName).ToList();
        return wanted.Count == 0
            ? No(DnsCode.NoError, Domain)
            : new(DnsCode.NoError, wanted, [], wanted.Exists(r => r.Type == DnsType.Service) ? found.Additional : []);
    }

    private static DnsAnswer No(DnsCode code, string zone) => new(code, [], [DnsWriter.Authority(zone)], []);

    /// <summary>The records of a name, its labels from the domain on; null when it does not exist.</summary>
    private Found? Records(string name, string[] labels) => labels switch
    {
        [] => new([DnsWriter.Authority(Domain), DnsWriter.Reference(Domain, DnsType.Ns, $"ns.dns.{Domain}")]),
        ["svc" or "pod"] => new([]),
        ["svc" or "pod", var ns] => hasNamespace(ns) ? new([]) : null,
        ["pod", var ns, var dashed] => Undash(dashed) is { } address && podAt(address) == ns
            ? new([DnsWriter.Address(name, address)]) : null,
        ["svc", var ns, var service, .. var rest] =>
            view.Find(ns, service) is { } found ? OfService(name, found, rest) : null,
        ["dns", "ns"] => view.Find("kube-system", "kube-dns") is { } dns ? OfService(name, dns, []) : null,
        _ => null,
    };

    private Found? OfService(string name, LabService service, string[] rest)
    {
        if (service.ExternalName is { } target)
            return rest.Length == 0 ? new([DnsWriter.Reference(name, DnsType.CanonicalName, target)]) : null;
        return rest switch
        {
            [] => new([.. Addresses(service).Select(a => DnsWriter.Address(name, a))]),
            [['_', .. var protocol]] => service.Ports.Any(port => port.ProtocolName == protocol) ? new([]) : null,
            [['_', .. var protocol], ['_', .. var port]] => OfPort(name, service, protocol, port),
            [var host] => EndpointsCalled(service, host) is { Count: > 0 } ends
                ? new([.. ends.Select(end => DnsWriter.Address(name, end.Address))]) : null,
            _ => null,
        };
    }

    /// <summary>_port._protocol: where each address answers that port.</summary>
    private Found? OfPort(string name, LabService service, string protocol, string portName)
    {
        var ports = service.Ports.Where(p => p.Name == portName && p.ProtocolName == protocol).ToList();
        if (ports.Count == 0 || portName.Length == 0)
            return null;
        var own = $"{service.Name}.{service.Namespace}.svc.{Domain}";
        if (!service.IsHeadless)
        {
            return new([.. ports.Select(p => DnsWriter.Service(name, SharesOfWeight, p.Number, own))],
                [.. service.Addresses.Select(address => DnsWriter.Address(own, address))]);
        }

        var ends = view.EndpointsOf(service).SelectMany(end => end.Ports
            .Where(p => p.Name == portName && p.ProtocolName == protocol)
            .Select(p => (Target: $"{HostOf(end)}.{own}", end.Address, p.Number))).ToList();
        var weight = (ushort)(SharesOfWeight / Math.Max(1, Math.Min(SharesOfWeight, ends.Count)));
        return new(
            [.. ends.Select(end => DnsWriter.Service(name, weight, end.Number, end.Target))],
            [.. ends.Select(end => DnsWriter.Address(end.Target, end.Address))]);
    }

    private IEnumerable<IPAddress> Addresses(LabService service) => service.IsHeadless
        ? view.EndpointsOf(service).Select(end => end.Address).Distinct()
        : service.Addresses;

    private List<LabEndpoint> EndpointsCalled(LabService service, string host) =>
        [.. view.EndpointsOf(service).Where(end => HostOf(end) == host).DistinctBy(end => end.Address)];

    private DnsAnswer AnswerReverse(DnsQuestion question)
    {
        if (ReverseName.Parse(question.Name) is not { } address || !ranges.Any(range => range.Contains(address)))
            return DnsAnswer.Only(DnsCode.Refused);
        var zone = question.Name.EndsWith(".in-addr.arpa", StringComparison.Ordinal) ? "in-addr.arpa" : "ip6.arpa";
        var names = NamesOf(address).Distinct(StringComparer.Ordinal).ToList();
        if (names.Count == 0)
            return No(DnsCode.NameError, zone);
        return question.Type is DnsType.Pointer or DnsType.Any
            ? new(DnsCode.NoError,
                [.. names.Select(name => DnsWriter.Reference(question.Name, DnsType.Pointer, name))], [], [])
            : No(DnsCode.NoError, zone);
    }

    private IEnumerable<string> NamesOf(IPAddress address)
    {
        foreach (var service in view.Services)
        {
            var own = $"{service.Name}.{service.Namespace}.svc.{Domain}";
            if (service.Addresses.Contains(address))
                yield return own;
            foreach (var end in view.EndpointsOf(service).Where(end => end.Address.Equals(address)))
                yield return $"{HostOf(end)}.{own}";
        }
    }

    private static string HostOf(LabEndpoint end) => end.Hostname ?? Dash(end.Address);

    private static string Dash(IPAddress address) => address.ToString().Replace('.', '-').Replace(':', '-');

    /// <summary>10-244-1-2, or fd00-10-244-1--2.</summary>
    private static IPAddress? Undash(string text)
    {
        var isV4 = text.Count(c => c == '-') == 3 && text.All(c => c == '-' || char.IsAsciiDigit(c));
        var separator = isV4 ? '.' : ':';
        return IPAddress.TryParse(text.Replace('-', separator), out var address)
            && (separator == ':') == (address.AddressFamily == AddressFamily.InterNetworkV6) ? address : null;
    }

    /// <summary>The records of a name that exists (perhaps none), and those that belong to them.</summary>
    private sealed record Found(ImmutableArray<DnsRecord> Records, ImmutableArray<DnsRecord> Additional)
    {
        public Found(ImmutableArray<DnsRecord> records)
            : this(records, [])
        {
        }
    }
}

/// <summary>Names of addresses: 2.1.244.10.in-addr.arpa, and nibbles under ip6.arpa (RFC 3596 section 2.5).</summary>
internal static class ReverseName
{
    /// <summary>The address, or null when the name is no whole address.</summary>
    public static IPAddress? Parse(string name)
    {
        var labels = name.Split('.')[..^2].Reverse().ToArray();
        if (name.EndsWith(".in-addr.arpa", StringComparison.Ordinal))
        {
            return labels.Length == 4 && labels.All(label => byte.TryParse(label, CultureInfo.InvariantCulture, out _))
                ? IPAddress.Parse(string.Join('.', labels)) : null;
        }

        if (!name.EndsWith(".ip6.arpa", StringComparison.Ordinal) || labels.Length != 32
            || !labels.All(label => label.Length == 1 && char.IsAsciiHexDigit(label[0])))
            return null;
        return new IPAddress(Convert.FromHexString(string.Concat(labels)));
    }
}
