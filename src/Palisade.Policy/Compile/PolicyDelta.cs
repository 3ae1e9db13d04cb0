using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A pod that is new, gone, changed in any way, or in another class now. Before and After are null where it was not
/// there; a class is null where it was not there and while it is a hostNetwork pod.
/// </summary>
/// <param name="Id">Its id, which it keeps while it lives; another pod may get it later.</param>
/// <param name="Before">The pod before.</param>
/// <param name="After">The pod now.</param>
/// <param name="ClassBefore">Its class before.</param>
/// <param name="ClassAfter">Its class now.</param>
public sealed record EndpointChange(
    int Id, Endpoint? Before, Endpoint? After, EndpointClass? ClassBefore, EndpointClass? ClassAfter);

/// <summary>A gate that is new (Before null), gone (After null), or says something else under the same id.</summary>
public sealed record GateChange(string Id, Gate? Before, Gate? After);

/// <summary>
/// A class that has another gate in a direction: the gate of another id, or none (null). What stays the same gate with
/// other content is a <see cref="GateChange"/> alone.
/// </summary>
public sealed record ClassGateChange(EndpointClass Class, Direction Direction, Gate? Before, Gate? After);

/// <summary>Addresses that a set of nodes' or names' addresses has gained and lost; both ascending.</summary>
public sealed record AddressSetChange(AddressSet Set, ImmutableArray<Address> Added, ImmutableArray<Address> Removed);

/// <summary>
/// Exactly what a change (or several as one) did to a compiled policy: nothing that is as it was before, nothing
/// missed. Classes are compared by what they stand for, gates by what they say.
/// </summary>
public sealed record PolicyDelta
{
    /// <summary>Nothing changed.</summary>
    public static PolicyDelta None { get; } = new();

    /// <summary>Pods, by id.</summary>
    public ImmutableArray<EndpointChange> Endpoints { get; init; } = [];

    /// <summary>Classes that had no pods before, by id.</summary>
    public ImmutableArray<EndpointClass> AppearedClasses { get; init; } = [];

    /// <summary>
    /// Classes that have no pods now, by the ids that they had, which other classes may have from now on.
    /// </summary>
    public ImmutableArray<EndpointClass> VanishedClasses { get; init; } = [];

    /// <summary>Classes that stay and have lost or gained pods, by id.</summary>
    public ImmutableArray<EndpointClass> ChangedClasses { get; init; } = [];

    /// <summary>Gates that some class has or had, by id.</summary>
    public ImmutableArray<GateChange> Gates { get; init; } = [];

    /// <summary>Classes that stay and have another gate now, by id and direction.</summary>
    public ImmutableArray<ClassGateChange> ClassGates { get; init; } = [];

    /// <summary>
    /// Sets of addresses that rules mention before and after and whose members changed, by their texts.
    /// </summary>
    public ImmutableArray<AddressSetChange> Addresses { get; init; } = [];

    /// <summary>Whether nothing changed.</summary>
    public bool IsEmpty => Endpoints.IsEmpty && AppearedClasses.IsEmpty && VanishedClasses.IsEmpty
        && ChangedClasses.IsEmpty && Gates.IsEmpty && ClassGates.IsEmpty && Addresses.IsEmpty;
}
