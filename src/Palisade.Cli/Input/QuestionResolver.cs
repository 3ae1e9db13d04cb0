using System.Collections.Immutable;
using System.Globalization;
using Palisade.Cli.Output;
using Palisade.Manifests;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Cli.Input;

/// <summary>Turns questions into connections of one cluster and answers them.</summary>
/// <param name="policy">Its policies.</param>
/// <param name="refused">NetworkPolicies that should be among them and are not.</param>
/// <param name="knower">The node whose agent has said what it knows of names; null: nobody has.</param>
internal sealed class QuestionResolver(
    CompiledPolicy policy, ImmutableArray<ManifestDocument> refused, string? knower = null)
{
    private readonly Evaluator _evaluator = new(policy);
    private readonly ServiceResolver _services = new(policy.Snapshot);
    private readonly Dictionary<AddressFamily, ImmutableArray<string>> _unknownNames = [];

    /// <summary>The policies.</summary>
    public CompiledPolicy Policy => policy;

    private ClusterSnapshot Snapshot => policy.Snapshot;

    /// <summary>Answers a question.</summary>
    /// <exception cref="BadInputException">An endpoint does not exist, a port name stands for nothing, families
    /// differ.</exception>
    public Answer Answer(Question asked)
    {
        var question = ThroughService(asked with { Family = FamilyOf(asked) });
        var from = PartyOf(question.From, question.Family);
        var targets = question.To.Form == EndpointForm.Service
            ? Backends(question)
            : [(PartyOf(question.To, question.Family), Port(question))];
        var connections = targets.Select(target =>
        {
            var connection = new Connection(from, target.Party, question.Protocol, target.Port)
            {
                ThroughService = question.To.Form == EndpointForm.Service,
            };
            var explanation = _evaluator.Explain(connection);
            return new AnsweredConnection(connection, Name(from), Name(target.Party), explanation);
        });
        var answer = new Answer(question, [.. connections]);
        if (!_unknownNames.TryGetValue(question.Family, out var unknownNames))
            _unknownNames[question.Family] = unknownNames = UnknownNames(question.Family);
        return answer with
        {
            UnknownNames = unknownNames,
            Knower = knower,
            HostPods = [.. HostPods(question.From).Concat(HostPods(question.To))],
            Without = [.. RefusedAbout(answer.Connections)],
        };
    }

    private IEnumerable<string> HostPods(EndpointText end)
    {
        var index = end.Form switch
        {
            EndpointForm.Pod => _evaluator.Parties.IndexOf(end.Namespace, end.Name),
            EndpointForm.Workload => PodOfWorkload(end),
            _ => -1,
        };
        return index >= 0 && Snapshot.Endpoints[index].HostNetwork ? [Snapshot.Endpoints[index].ToString()] : [];
    }

    private IEnumerable<string> RefusedAbout(IEnumerable<AnsweredConnection> connections)
    {
        if (refused.IsEmpty)
            return [];
        var namespaces = connections.SelectMany(c => new[] { c.Connection.From, c.Connection.To })
            .Where(end => end.Kind == PartyKind.Pod)
            .Select(end => Snapshot.Endpoints[end.Endpoint].Namespace).ToHashSet(StringComparer.Ordinal);
        return refused.Where(policy => namespaces.Contains(policy.Namespace))
            .Select(policy => $"{policy.Title} ({policy.At})");
    }

    /// <summary>The name of a party for people: ns/pod, node:NAME or ip:ADDR.</summary>
    public string Name(Party party) => party.Kind switch
    {
        PartyKind.Pod => Snapshot.Endpoints[party.Endpoint].ToString(),
        PartyKind.Node when party.Node.Length == 0 => $"the node that has {party.Address}",
        PartyKind.Node => $"node:{party.Node}",
        _ => $"ip:{party.Address}",
    };

    /// <summary>
    /// A cluster address stands for its Service: no policy ever sees it. The Service's port is asked for by number.
    /// </summary>
    private Question ThroughService(Question question)
    {
        var to = question.To;
        if (to.Form == EndpointForm.Address
            && Snapshot.Services.FirstOrDefault(s => s.ClusterAddresses.Contains(to.Address)) is { } behind)
            to = new(EndpointForm.Service, behind.Namespace, "", behind.Name, default);
        if (to.Form != EndpointForm.Service || TryNumber(question.Port, out _))
            return question with { To = to };
        var number = Snapshot.Services.FirstOrDefault(s => s.Namespace == to.Namespace && s.Name == to.Name)
            ?.Ports.Where(p => p.Name == question.Port && p.Protocol == question.Protocol)
            .Select(p => (ushort?)p.Port).FirstOrDefault();
        return question with { To = to, Port = number?.ToString(CultureInfo.InvariantCulture) ?? question.Port };
    }

    /// <summary>The names that policies mention and of which no address of the family is known.</summary>
    private ImmutableArray<string> UnknownNames(AddressFamily family) =>
    [
        .. Snapshot.ClusterNetworkPolicies.SelectMany(each => each.MentionedNames)
            .Distinct(StringComparer.OrdinalIgnoreCase).Where(name => !Snapshot.DomainNames.Any(
                known => known.Addresses.Any(address => address.Family == family)
                    && AddressSet.OfDomain(name).Names(known.Name)))
            .Order(StringComparer.Ordinal),
    ];

    private static AddressFamily FamilyOf(Question question)
    {
        var given = new[] { question.From, question.To }.Where(e => e.Form == EndpointForm.Address)
            .Select(e => e.Address.Family).Distinct().ToList();
        return given.Count switch
        {
            0 => question.Family,
            1 => given[0],
            _ => throw new BadInputException($"{question.From} and {question.To} are of different address families"),
        };
    }

    private Party PartyOf(EndpointText endpoint, AddressFamily family) => endpoint.Form switch
    {
        EndpointForm.Address => _evaluator.Parties.OfAddress(endpoint.Address),
        EndpointForm.Node => _evaluator.Parties.OfNode(endpoint.Name, family)
            ?? throw Unknown($"there is no node {endpoint.Name}", Snapshot.Nodes.Select(n => n.Name)),
        EndpointForm.Workload => _evaluator.Parties.OfPod(PodOfWorkload(endpoint), family),
        EndpointForm.Service =>
            throw new BadInputException($"{endpoint} cannot be a source: a Service opens no connections"),
        _ => PodOf(endpoint, family),
    };

    private Party PodOf(EndpointText endpoint, AddressFamily family)
    {
        var index = _evaluator.Parties.IndexOf(endpoint.Namespace, endpoint.Name);
        if (index >= 0)
            return _evaluator.Parties.OfPod(index, family);
        throw Unknown(
            $"there is no pod {endpoint}",
            Snapshot.Endpoints.Where(e => e.Namespace == endpoint.Namespace).Select(e => e.ToString()));
    }

    private int PodOfWorkload(EndpointText endpoint)
    {
        for (var i = 0; i < Snapshot.Endpoints.Length; i++)
        {
            if (endpoint.IsOf(Snapshot.Endpoints[i]))
                return i;
        }

        throw Unknown(
            $"no pod belongs to {endpoint}",
            Snapshot.Endpoints.Where(e => e.Namespace == endpoint.Namespace)
                .Select(e => $"{e.Namespace}/{e.Workload.Kind}/{e.Workload.Name}").Distinct());
    }

    private static BadInputException Unknown(string what, IEnumerable<string> known)
    {
        var some = known.Take(6).ToList();
        return new(some.Count == 0 ? what
            : $"{what}; there is {string.Join(", ", some)}{(some.Count == 6 ? ", …" : "")}");
    }

    private List<(Party Party, ushort Port)> Backends(Question question)
    {
        var (ns, name) = (question.To.Namespace, question.To.Name);
        var service = Snapshot.Services.FirstOrDefault(s => s.Namespace == ns && s.Name == name)
            ?? throw Unknown(
                $"there is no Service {ns}/{name}", Snapshot.Services.Select(s => $"{s.Namespace}/{s.Name}"));
        if (!TryNumber(question.Port, out var port))
        {
            throw Unknown(
                $"Service {service.Namespace}/{service.Name} has no port {question.PortText}",
                service.Ports.Select(p => $"{p.Port}/{p.Protocol.Spelling()}{(p.Name is "" ? "" : $" ({p.Name})")}"));
        }

        var found = _services.Resolve(ns, name, port, question.Protocol, question.Family);
        if (found.Problem is { } problem)
            throw new BadInputException(problem);
        return [.. found.Backends.Select(b => (_evaluator.Parties.OfPod(b.Endpoint, question.Family), b.Port))];
    }

    /// <summary>A name stands for the first port of that name and protocol on the destination pod.</summary>
    private ushort Port(Question question)
    {
        if (question.Port.Length == 0)
            return 0;
        if (TryNumber(question.Port, out var number))
            return number;
        var party = PartyOf(question.To, question.Family);
        var declared = party.Kind == PartyKind.Pod ? Snapshot.Endpoints[party.Endpoint].NamedPorts : [];
        var match = declared.Where(p => p.Name == question.Port && p.Protocol == question.Protocol)
            .Select(p => (NamedPort?)p).FirstOrDefault();
        return match?.Number ?? throw Unknown(
            $"{Name(party)} declares no port named {question.Port} for {question.ProtocolText}",
            declared.Select(p => $"{p.Name} ({p.Number}/{p.Protocol.Spelling()})"));
    }

    private static bool TryNumber(string text, out ushort number) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
