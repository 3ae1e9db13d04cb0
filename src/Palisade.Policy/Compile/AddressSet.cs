using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A set of addresses by its symbolic definition: those of nodes, or those known for a domain name. Nodes and answers
/// come and go, the
/// definition stays; its members are <see cref="CompiledPolicy.MemberAddresses(AddressSet, AddressFamily)"/>.
/// </summary>
public sealed record AddressSet
{
    private const string AnyLabels = "*.";

    private AddressSet(LabelSelector? nodes, string? domain) => (Nodes, Domain) = (nodes, domain);

    /// <summary>The nodes whose addresses are meant; null for a domain name.</summary>
    public LabelSelector? Nodes { get; }

    /// <summary>
    /// The domain name in lower case without its final dot, or *. and the name that others are below; null for nodes.
    /// </summary>
    public string? Domain { get; }

    /// <summary>All addresses of the nodes that a selector matches.</summary>
    public static AddressSet OfNodes(LabelSelector nodes) => new(nodes, null);

    /// <summary>The known addresses of a name, or of every name below one when it begins with "*.".</summary>
    public static AddressSet OfDomain(string name) => new(null, Canonical(name));

    /// <summary>For example nodes {role=infra}, nodes *, or *.example.com.</summary>
    public override string ToString() =>
        Nodes is null ? Domain! : $"nodes {(Nodes.SelectsEverything ? "*" : $"{{{Nodes}}}")}";

    internal IEnumerable<Address> In(ClusterSnapshot snapshot) => Nodes is null
        ? snapshot.DomainNames.Where(known => Names(Canonical(known.Name))).SelectMany(known => known.Addresses)
        : snapshot.Nodes.Where(node => Nodes.Matches(node.Labels)).SelectMany(node => AddressesOf(snapshot, node));

    /// <summary>A hostNetwork pod is its node, so what it listens on is an address of the node.</summary>
    private static IEnumerable<Address> AddressesOf(ClusterSnapshot snapshot, Node node) => node.Addresses.Concat(
        snapshot.Endpoints.Where(pod => pod.HostNetwork && pod.Node == node.Name).SelectMany(pod => pod.Addresses));

    /// <summary>
    /// *.example.com stands for names with one or more labels before .example.com, so never for example.com.
    /// </summary>
    private bool Names(string known)
    {
        if (!Domain!.StartsWith(AnyLabels, StringComparison.Ordinal))
            return known == Domain;
        var suffix = Domain[1..];
        return known.Length > suffix.Length && known.EndsWith(suffix, StringComparison.Ordinal);
    }

    private static string Canonical(string name) => name.TrimEnd('.').ToLowerInvariant();
}

/// <summary>A distinct set of addresses that some rule mentions, resolved on atoms.</summary>
internal sealed class AddressTerm(AddressSet set, ClusterSnapshot snapshot)
{
    private ImmutableHashSet<AddressAtom> _atoms = [];

    public AddressSet Set { get; } = set;

    public ImmutableArray<Address> Addresses { get; } = [.. set.In(snapshot).Distinct().Order()];

    /// <summary>Ties the term to the atoms of its compile, each of its addresses being one.</summary>
    public void Bind(CidrAtoms atoms) =>
        _atoms = [.. Addresses.Select(address => new AddressAtom(address.Family, atoms.AtomOf(address)))];

    public bool Contains(AddressAtom atom) => _atoms.Contains(atom);
}
