using Palisade.Lab;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What a test needs of the machine; where it is missing the test is skipped, loudly.</summary>
internal static class Needs
{
    /// <summary>Root, or root of a user namespace, with network namespaces and veth.</summary>
    public static void Namespaces()
    {
        try
        {
            Machine.Check();
        }
        catch (LabException missing)
        {
            Assert.Skip(missing.Message);
        }
    }
}
