namespace Palisade.Policy.Evaluate;

/// <summary>
/// What judging needs to know of an end of a connection, in 16 bytes: a pod by its id and class, a node by its number,
/// or neither; and the atom of its address. -1 where it has none.
/// </summary>
/// <param name="Endpoint">The pod's id; -1 for what is no pod with a network of its own.</param>
/// <param name="Class">
/// The pod's class; -1 likewise. Below that: several pods claim the address (<see cref="PlaceTable.Claimants"/>), and
/// the same number means the same address.
/// </param>
/// <param name="Node">The number of the node that it is or runs on; -1 when unknown or outside.</param>
/// <param name="Atom">The number of the atom of its address; -1 without an address of the family.</param>
internal readonly record struct Place(int Endpoint, int Class, int Node, int Atom)
{
    /// <summary>What is no pod has this class.</summary>
    public const int NoClass = -1;

    /// <summary>Whether its address is that of other pods, too.</summary>
    public bool IsShared => Class < NoClass;

    /// <summary>Whether it is no pod, but the node that a pod runs on.</summary>
    public bool IsNodeOf(in Place pod) => Class == NoClass && Node >= 0 && Node == pod.Node;
}
