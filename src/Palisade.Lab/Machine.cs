using System.Runtime.InteropServices;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Lab;

/// <summary>Whether this machine can hold a lab. Every refusal says exactly why, and what to do.</summary>
public static class Machine
{
    /// <summary>Tries everything the lab needs, in namespaces that are gone afterwards.</summary>
    /// <exception cref="LabException">Something is missing.</exception>
    public static void Check()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new LabException(
                $"network namespaces exist on Linux only; this is {RuntimeInformation.OSDescription}");
        }

        var support = KernelSupport.Probe();
        if (support.Problems.Length > 0)
        {
            var launcher = support.CanMakeNamespaces ? "" : "\n./palisade enters such a namespace by itself.";
            throw new LabException(string.Join('\n', support.Problems) + launcher);
        }

        using var trial = NetworkNamespace.Create("trial");
        trial.Run(CheckLinks);
    }

    private static void CheckLinks()
    {
        try
        {
            using var routing = new RtSocket();
            routing.CreateVeth("a", "b");
            routing.DeleteLink("a");
        }
        catch (KernelException refusal)
        {
            throw new LabException(
                $"this kernel makes no veth pairs: {refusal.Message}; load the module (`modprobe veth`) or use a kernel"
                + " that has it",
                refusal);
        }
    }
}
