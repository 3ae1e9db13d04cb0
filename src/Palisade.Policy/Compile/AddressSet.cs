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
    public static AddressSet OfDomain(string name) => new(null, DomainName.Canonical(name));

    /// <summary>For example nodes {role=infra}, nodes *, or *.example.com.</summary>
    public override string ToString() =>
        Nodes is null ? Domain! : $"nodes {(Nodes.SelectsEverything ? "*" : $"{{{Nodes}}}")}";

    /// <summary>Whether a node with these labels is meant.</summary>
    internal bool Contains(LabelSet node) => Nodes is not null && Nodes.Matches(node);

    /// <summary>
    /// *.example.com stands for names with one or more labels before .example.com, so never for example.com.
    /// </summary>
    public bool Names(string name)
    {
        if (Domain is null)
            return false;
        var known = DomainName.Canonical(name);
        if (!Domain.StartsWith(AnyLabels, StringComparison.Ordinal))
            return known == Domain;
        var suffix = Domain[1..];
        return known.Length > suffix.Length && known.EndsWith(suffix, StringComparison.Ordinal);
    }
}
