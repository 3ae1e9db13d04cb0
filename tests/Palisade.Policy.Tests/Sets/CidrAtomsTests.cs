using CsCheck;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Sets;

public sealed class CidrAtomsTests
{
    private static readonly Gen<Cidr> AnyV4 = Gen.Select(Gen.UInt, Gen.Int[0, 32], (bits, length) =>
        new Cidr(new(AddressFamily.V4, bits & 0xff00000fu), length));

    [Fact]
    public void Every_block_is_a_run_of_whole_atoms() => AnyV4.Array[0, 8].Sample(
        blocks =>
        {
            var atoms = CidrAtoms.Of(blocks);
            for (var i = 0; i < atoms.Count(AddressFamily.V4); i++)
            {
                var (first, last) = atoms.Bounds(AddressFamily.V4, i);
                Assert.Equal((i, i), (atoms.AtomOf(first), atoms.AtomOf(last)));
                foreach (var block in blocks)
                    Assert.Equal(block.Contains(first), block.Contains(last));
            }

            Assert.True(atoms.Count(AddressFamily.V4) <= 2 * blocks.Length + 1);
            Assert.Equal(1, atoms.Count(AddressFamily.V6));
        },
        iter: 500,
        threads: 1);

    [Fact]
    public void Atoms_cover_the_family_without_gaps()
    {
        string[] blocks = ["10.0.0.0/8", "10.1.0.0/16", "255.255.255.255/32", "::/0"];
        var atoms = CidrAtoms.Of(blocks.Select(Cidr.Parse));
        var bounds = Enumerable.Range(0, atoms.Count(AddressFamily.V4)).Select(i => atoms.Bounds(AddressFamily.V4, i));
        Assert.Equal(
            ["0.0.0.0 9.255.255.255", "10.0.0.0 10.0.255.255", "10.1.0.0 10.1.255.255", "10.2.0.0 10.255.255.255",
                "11.0.0.0 255.255.255.254", "255.255.255.255 255.255.255.255"],
            bounds.Select(b => $"{b.First} {b.Last}"));
        Assert.Equal("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", atoms.Bounds(AddressFamily.V6, 0).Last.ToString());
    }
}
