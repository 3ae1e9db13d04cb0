namespace Palisade.Policy.Evaluate;

/// <summary>
/// What judging needs to know of an end of a connection, in 16 bytes: a pod by its id and class, a node by its number,
/// or neither; and the atom of its address. -1 where it has none.
/// </summary>
/// <param name="Endpoint">The pod's id; -1 for what is no pod with a network of its own.</param>
/// <param name="Class">The pod's class; -1 likewise.</param>
/// <param name="Node">The number of the node that it is or runs on; -1 when unknown or outside.</param>
/// <param name="Atom">The number of the atom of its address; -1 without an address of the family.</param>
internal readonly record struct Place(int Endpoint, int Class, int Node, int Atom)
{
    /// <summary>Whether it is no pod, but the node that a pod runs on.</summary>
    public bool IsNodeOf(in Place pod) => Class < 0 && Node >= 0 && Node == pod.Node;
}
