using System.Runtime.InteropServices;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Lab;

/// <summary>Whether this machine can hold a lab. Every refusal says exactly why, and what to do.</summary>
public static class Machine
{
    /// <summary>Tries everything the lab needs, in a namespace that is gone afterwards.</summary>
    /// <exception cref="LabException">Something is missing.</exception>
    public static void Check()
    {
        if (!OperatingSystem.IsLinux())
            throw new LabException(
                $"network namespaces exist on Linux only; this is {RuntimeInformation.OSDescription}");
        NetworkNamespace trial;
        try
        {
            trial = NetworkNamespace.Create("trial");
        }
        catch (KernelException refusal)
        {
            throw new LabException(NoNamespace(refusal), refusal);
        }

        using (trial)
            trial.Run(CheckInside);
    }

    private static string NoNamespace(KernelException refusal) => refusal.Errno switch
    {
        1 => "a network namespace needs root, or root of a user namespace: run ./palisade, which enters one, or run as"
            + $" root ({refusal.Message})",
        28 => "the limit of network namespaces is reached: raise it with `sysctl user.max_net_namespaces=…`"
            + $" ({refusal.Message})",
        22 => $"this kernel is built without network namespaces (CONFIG_NET_NS) ({refusal.Message})",
        _ => $"no network namespace can be made: {refusal.Message}",
    };

    private static void CheckInside()
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
