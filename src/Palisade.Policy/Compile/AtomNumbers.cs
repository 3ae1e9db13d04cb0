using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Atoms of both families in one row of numbers: those of IPv4 first.</summary>
internal static class AtomNumbers
{
    /// <summary>The number of a family's first atom.</summary>
    public static int FirstOf(this CidrAtoms atoms, AddressFamily family) =>
        family == AddressFamily.V4 ? 0 : atoms.Count(AddressFamily.V4);

    /// <summary>The number of the atom an address lies in. O(log atoms).</summary>
    public static int NumberOf(this CidrAtoms atoms, Address address) =>
        atoms.FirstOf(address.Family) + atoms.AtomOf(address);

    /// <summary>The same; -1 where there is no address.</summary>
    public static int NumberOf(this CidrAtoms atoms, Address? address) =>
        address is { } known ? atoms.NumberOf(known) : -1;

    /// <summary>The atom of a number; null of -1, which is no address.</summary>
    public static AddressAtom? AtomAt(this CidrAtoms atoms, int number)
    {
        if (number < 0)
            return null;
        var v4 = atoms.FirstOf(AddressFamily.V6);
        return number < v4 ? new(AddressFamily.V4, number) : new(AddressFamily.V6, number - v4);
    }
}
