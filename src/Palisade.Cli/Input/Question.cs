using System.Collections.Immutable;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Sets;

namespace Palisade.Cli.Input;

/// <summary>
/// A connection as a person asks for it: endpoints as written, the port a number or a container-port name.
/// </summary>
internal sealed record Question(
    EndpointText From, EndpointText To, Protocol Protocol, string Port, AddressFamily Family)
{
    /// <summary>ICMP is how people spell the protocol that has no ports.</summary>
    public string ProtocolText => Spelling(Protocol);

    /// <summary>A protocol as people write it.</summary>
    public static string Spelling(Protocol protocol) => protocol == Protocol.Other ? "ICMP" : protocol.Spelling();

    /// <summary>TCP 80, or ICMP.</summary>
    public string PortText => Port.Length == 0 ? ProtocolText : $"{ProtocolText} {Port}";
}

/// <summary>One connection of an answer: a service gives one for each pod behind it.</summary>
/// <param name="Connection">The connection, after the service's translation.</param>
/// <param name="From">The source's name for people.</param>
/// <param name="To">The destination's name for people.</param>
/// <param name="Explanation">The verdict and its reasons.</param>
internal sealed record AnsweredConnection(Connection Connection, string From, string To, Explanation Explanation);

/// <summary>The answer to a question: allowed only if every connection it stands for is.</summary>
internal sealed record Answer(Question Question, ImmutableArray<AnsweredConnection> Connections)
{
    /// <summary>Names that policies mention and of which no address is known here.</summary>
    public ImmutableArray<string> UnknownNames { get; init; } = [];

    /// <summary>The node whose agent has said what it knows of names; null: nobody has.</summary>
    public string? Knower { get; init; }

    /// <summary>The ends asked for that are hostNetwork pods.</summary>
    public ImmutableArray<string> HostPods { get; init; } = [];

    /// <summary>Refused NetworkPolicies of the ends' namespaces: this is the answer without them.</summary>
    public ImmutableArray<string> Without { get; init; } = [];

    /// <summary>Allow if all are.</summary>
    public Verdict Verdict =>
        Connections.All(c => c.Explanation.Verdict == Verdict.Allow) ? Verdict.Allow : Verdict.Deny;

    /// <summary>
    /// What else is to be known: policies that should count and do not, ends that are their nodes to policies, ends
    /// that have no address in the family asked for, and that a destination outside may be somebody whom policies know
    /// by name.
    /// </summary>
    public IEnumerable<string> Notes => Without
        .Select(policy => $"this is the answer without {policy}, which was refused")
        .Concat(HostPods.Select(pod => $"{pod} is on the network of its node, and to policies it is that node"))
        .Concat(MissingAddresses()).Concat(MissingNames())
        .Concat(Deciding.Explanation.Egress.Shared.Concat(Deciding.Explanation.Ingress.Shared)
            .Select(shared => shared.ToString()).Distinct());

    private IEnumerable<string> MissingNames()
    {
        const int most = 3;
        if (UnknownNames.IsEmpty || Connections.All(c => c.Connection.To.Kind != PartyKind.External))
            yield break;
        var more = UnknownNames.Length > most ? $" and {UnknownNames.Length - most} more" : "";
        var names = string.Join(", ", UnknownNames.Take(most)) + more;
        yield return Knower is null
            ? $"policies mention {names}; which addresses they have is learned by each node's agent and is not "
                + "known here, so this is the answer for an address of none of them"
            : $"policies mention {names}; the agent of {Knower} knows no IPv{(int)Question.Family} address of it, "
                + "since no pod of its node has got one as an answer, or its time is over";
    }

    private IEnumerable<string> MissingAddresses() => Connections
        .SelectMany(c => new[] { (Party: c.Connection.From, Name: c.From), (Party: c.Connection.To, Name: c.To) })
        .Where(end => end.Party.Address is null).Select(end => end.Name).Distinct(StringComparer.Ordinal)
        .Select(name => $"{name} has no IPv{(int)Question.Family} address: rules are answered for a connection "
            + "that cannot be");

    /// <summary>The connection to show: the first denied one, else the first.</summary>
    public AnsweredConnection Deciding =>
        Connections.FirstOrDefault(c => c.Explanation.Verdict == Verdict.Deny) ?? Connections[0];
}
