using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Palisade.Manifests;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Kubernetes.Tests.Manifests;

/// <summary>
/// What another analyser lists as the connections of manifests (corpus/np-guard), against the compiled policies. It
/// does not match pods' addresses against blocks and does not know hostNetwork: both are taken away here.
/// </summary>
public sealed class OthersConnectionsTests
{
    private const string External = "[External]";
    private static readonly Regex Block = new(@"\b\d+\.\d+\.\d+\.\d+/\d+\b");
    private static readonly Regex OfReplicaSet = new(@"-[a-z0-9]+\[ReplicaSet\]$");
    private static readonly Regex Status = new(@"^ *status: \{\}$", RegexOptions.Multiline);
    private static readonly Regex Underlined = new("^  name: .*_.*$", RegexOptions.Multiline);
    private static readonly Regex Pods = new(
        @"^(?<head>[ -]*pods:\s*\n)(?<body>(?<indent> +)(?:namespace|pod)Selector:.*\n(?:\k<indent>.*\n)*)",
        RegexOptions.Multiline);
    private static readonly Address Outermost = Address.Parse("255.255.255.255");

    [Fact]
    public void The_compiled_policies_allow_what_it_lists()
    {
        var index = JsonNode.Parse(File.ReadAllText(SharedFiles.Path("corpus/np-guard/index.json")))!;
        var cases = index["cases"]!.AsArray()
            .Where(entry => !(bool)entry!["usesMultiNetwork"]! && entry["kinds"]!["VirtualMachine"] is null)
            .Select(entry => (string)entry!["case"]!).ToList();
        Assert.True(cases.Count >= 43, $"only {cases.Count} cases");
        var wrong = cases.SelectMany(name => Differences(SharedFiles.Path($"corpus/np-guard/{name}")).Take(10)
            .Select(difference => $"{name}: {difference}"));
        Assert.Equal("", string.Join('\n', wrong));
    }

    private static IEnumerable<string> Differences(string folder)
    {
        var manifests = Path.Combine(folder, "manifests");
        var policy = PolicyCompiler.Compile(AsItSees(Accepted(manifests).Snapshot));
        var pods = PodsOf(policy);
        var entries = Listed(Path.Combine(folder, "expected_connlist.json"), pods.Select(pod => pod.Title).ToHashSet());
        var expected = entries.ToLookup(entry => (entry.From.Key, entry.To.Key));
        Place[] places = [.. pods, .. AddressesOf(entries, BlocksIn(manifests))];
        var unknown = entries.SelectMany(entry => new[] { entry.From, entry.To })
            .Where(peer => peer.IsWorkload && !places.Any(peer.Covers)).Select(peer => $"{peer.Title} is unknown");
        var pairs =
            from one in places
            from other in places
            where one.Title != other.Title && (one.IsPod || other.IsPod)
            let listed = expected[(one.Key, other.Key)]
                .Where(entry => entry.From.Covers(one) && entry.To.Covers(other))
                .Aggregate(PortSet.Nothing, (all, entry) => all.Union(entry.Ports))
            let ours = PortsBetween(policy, one, other)
            where !ours.Equals(listed)
            select $"{one.Title} -> {other.Title}: {ours}, listed {listed}";
        return unknown.Concat(pairs);
    }

    /// <summary>
    /// The manifests without that for which an API server would refuse them, and which does not matter to connections.
    /// </summary>
    private static ManifestSet Accepted(string folder)
    {
        var texts = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => File.ReadAllText(file).ReplaceLineEndings("\n") + "\n")
            .Select(text => Underlined.Replace(Status.Replace(text, ""), name => name.Value.Replace('_', '-')))
            .Select(text => Pods.Replace(text, WithBothSelectors));
        var set = ManifestSet.Parse(string.Join("---\n", texts));
        Assert.Equal([], set.Refused.Where(document => document.Kind.EndsWith("Policy", StringComparison.Ordinal))
            .Select(document => document.Title));
        return set;
    }

    private static string WithBothSelectors(Match match)
    {
        var (body, indent) = (match.Groups["body"].Value, match.Groups["indent"].Value);
        var missing = new[] { "namespaceSelector", "podSelector" }
            .Where(selector => !body.Contains($"{indent}{selector}:", StringComparison.Ordinal));
        var added = string.Concat(missing.Select(selector => $"{indent}{selector}: {{}}\n"));
        return match.Groups["head"].Value + added + body;
    }

    private static ClusterSnapshot AsItSees(ClusterSnapshot snapshot) => snapshot with
    {
        Endpoints = [.. snapshot.Endpoints.Select(pod => pod with { Addresses = [], HostNetwork = false })],
    };

    private static PortSet PortsBetween(CompiledPolicy policy, Place from, Place to) =>
        Ports(policy, from, to, Direction.Egress).Intersect(Ports(policy, to, from, Direction.Ingress))
            .Intersect(Everything);

    private static PortSet Ports(CompiledPolicy policy, Place subject, Place peer, Direction direction) =>
        subject.IsPod && policy.GateOf(policy.ClassOf(subject.Pod), direction) is { } gate
            ? policy.PortsFor(gate, peer.IsPod ? policy.ClassOf(peer.Pod) : -1, peer.Address)
            : Everything;

    /// <summary>TCP, UDP and SCTP 1-65535.</summary>
    private static PortSet Everything { get; } = Of([Protocol.Tcp, Protocol.Udp, Protocol.Sctp], new(1, 65535));

    private static PortSet Of(ImmutableArray<Protocol> protocols, PortRange range) => protocols
        .Aggregate(PortSet.Nothing, (all, protocol) => all.Union(PortSet.Of(protocol, range)));

    /// <summary>One pod of each workload.</summary>
    private static Place[] PodsOf(CompiledPolicy policy) =>
    [
        .. Enumerable.Range(0, policy.EndpointLimit).Where(id => policy.EndpointAt(id) is not null)
            .Select(id => new Place(TitleOf(policy.EndpointAt(id)!), id, null)).DistinctBy(pod => pod.Title),
    ];

    private static string TitleOf(Endpoint pod)
    {
        var (kind, name) = pod.Workload;
        return $"{pod.Namespace}/{name}[{(kind.Length == 0 ? "Pod" : kind)}]";
    }

    /// <summary>Where what is listed, or a block of a policy, begins or ends.</summary>
    private static IEnumerable<Place> AddressesOf(List<Entry> entries, IEnumerable<Cidr> blocks) => entries
        .SelectMany(entry => new[] { entry.From.Range, entry.To.Range }).OfType<(Address First, Address Last)>()
        .Concat(blocks.Select(block => (block.First, block.Last)))
        .SelectMany(range => new[] { range.First, range.Last }).Append(Outermost)
        .Where(address => address.Family == AddressFamily.V4).Distinct()
        .Select(address => new Place(address.ToString(), -1, address));

    private static IEnumerable<Cidr> BlocksIn(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .SelectMany(file => Block.Matches(File.ReadAllText(file))).Select(match => match.Value).Distinct()
            .Select(Cidr.Parse);

    private static List<Entry> Listed(string file, HashSet<string> workloads) =>
    [
        .. JsonNode.Parse(File.ReadAllText(file))!.AsArray()
            .Select(entry => new Entry(
                Peer.Parse((string)entry!["src"]!, workloads), Peer.Parse((string)entry["dst"]!, workloads),
                Parse((string)entry["conn"]!))),
    ];

    /// <summary>"All Connections", or "SCTP 1-65535,TCP 80,90-95": a range may lack the protocol.</summary>
    private static PortSet Parse(string text)
    {
        if (text == "All Connections")
            return Everything;
        var (all, protocol) = (PortSet.Nothing, Protocol.Tcp);
        foreach (var part in text.Split(','))
        {
            var words = part.Split(' ');
            if (words.Length == 2)
                protocol = Enum.Parse<Protocol>(words[0], ignoreCase: true);
            var ends = words[^1].Split('-').Select(end => ushort.Parse(end, CultureInfo.InvariantCulture)).ToArray();
            all = all.Union(PortSet.Of(protocol, new PortRange(ends[0], ends[^1])));
        }

        return all;
    }

    /// <summary>One end as we have it: a workload by one of its pods, or an address outside.</summary>
    private sealed record Place(string Title, int Pod, Address? Address)
    {
        public bool IsPod => Pod >= 0;

        public string Key => IsPod ? Title : External;
    }

    /// <summary>One end as it is listed: a workload's title, the same as ours, or a range of addresses.</summary>
    private sealed record Peer(string Title, (Address First, Address Last)? Range)
    {
        public static Peer Parse(string text, HashSet<string> workloads)
        {
            if (text.EndsWith(External, StringComparison.Ordinal))
            {
                var ends = text[..^External.Length].Split('-');
                return new(text, (Policy.Sets.Address.Parse(ends[0]), Policy.Sets.Address.Parse(ends[1])));
            }

            // To us a ReplicaSet whose name ends with the hash of a template is its Deployment.
            return new(workloads.Contains(text) ? text : OfReplicaSet.Replace(text, "[Deployment]"), null);
        }

        public bool IsWorkload => Range is null && !Title.StartsWith('{');

        public string Key => Range is null ? Title : External;

        public bool Covers(Place place) => place.IsPod
            ? place.Title == Title
            : Range is var (first, last)
                && place.Address!.Value.CompareTo(first) >= 0 && place.Address.Value.CompareTo(last) <= 0;
    }

    private sealed record Entry(Peer From, Peer To, PortSet Ports);
}
