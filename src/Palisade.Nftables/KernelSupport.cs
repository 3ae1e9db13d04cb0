using System.Collections.Immutable;
using System.Net;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables;

/// <summary>
/// Whether this process can make network namespaces and filter in them; if not, exactly why and what to do.
/// </summary>
/// <param name="CanMakeNamespaces">unshare(CLONE_NEWNET) works.</param>
/// <param name="CanFilter">A table with everything our rulesets use was committed in a fresh namespace.</param>
/// <param name="Problems">One text each: what failed, why, and what to do about it. Empty when both work.</param>
public sealed record KernelSupport(bool CanMakeNamespaces, bool CanFilter, ImmutableArray<string> Problems)
{
    /// <summary>Tries it out in a namespace that is gone afterwards; nothing of the machine's own is touched.</summary>
    public static KernelSupport Probe()
    {
        NetworkNamespace space;
        try
        {
            space = NetworkNamespace.Create("probe");
        }
        catch (KernelException e)
        {
            return new(false, false, [$"no network namespace can be made: {e.Message}. {WhyNoNamespace()}"]);
        }

        using (space)
        {
            var problems = space.Run(ProbeTables);
            return new(true, problems.IsEmpty, problems);
        }
    }

    /// <summary>
    /// Why an ordinary user could not use `unshare -Ur` here, with the setting to change; null when the known
    /// settings allow it.
    /// </summary>
    public static string? WhyNoUserNamespace()
    {
        if (Setting("user.max_user_namespaces") == "0")
            return "user namespaces are switched off: set sysctl user.max_user_namespaces=15000, or run as root";
        if (Setting("kernel.unprivileged_userns_clone") == "0")
            return "unprivileged user namespaces are switched off: set sysctl kernel.unprivileged_userns_clone=1, "
                + "or run as root";
        if (Setting("kernel.apparmor_restrict_unprivileged_userns") == "1")
            return "AppArmor keeps unprivileged user namespaces powerless: set sysctl "
                + "kernel.apparmor_restrict_unprivileged_userns=0, or run as root";
        return null;
    }

    private static string WhyNoNamespace()
    {
        if (Setting("user.max_net_namespaces") == "0")
            return "Network namespaces are switched off: set sysctl user.max_net_namespaces=15000.";
        if (ProcessControl.EffectiveUserId != 0)
        {
            var hurdle = WhyNoUserNamespace() is { } why ? $" (not possible yet: {why})" : "";
            return $"Run as root, or under `unshare -Ur`{hurdle}.";
        }

        return "The process is root without CAP_SYS_ADMIN (a container?): give the container that capability, "
            + "or run it privileged.";
    }

    private static ImmutableArray<string> ProbeTables()
    {
        var problems = ImmutableArray.CreateBuilder<string>();
        try
        {
            using var socket = new NftSocket();
            foreach (var (name, ruleset) in Probes())
            {
                try
                {
                    var transaction = new Transaction(ruleset.Table);
                    transaction.DestroyTable();
                    transaction.AddRuleset(ruleset);
                    socket.Commit(transaction);
                }
                catch (KernelException e)
                {
                    const string Needed = "A kernel 5.10 or newer with CONFIG_NF_TABLES and its modules is needed.";
                    problems.Add($"the kernel cannot {name}: {e.Message}. {Needed}");
                }
            }
        }
        catch (KernelException e)
        {
            problems.Add($"nf_tables is not reachable: {e.Message}. Load the module nf_tables.");
        }

        return problems.ToImmutable();
    }

    private static Table ProbeTable => new(NftFamily.Inet, "palisade-probe");

    private static IEnumerable<(string Name, Ruleset Ruleset)> Probes()
    {
        yield return ("keep tables of both families", Of(Statement.Accept));
        yield return ("follow connections (nft_ct)", Of(Match.CtState(CtState.Established), Statement.Accept));
        yield return ("ask the routing table (nft_fib_inet)", Of(Match.Fib(FibInput.SourceAddress), Statement.Accept));
        yield return ("log packets to groups (nft_log)", Of(Statement.Log(1)));
        yield return ("limit rates (nft_limit)", Of(Statement.Limit(1)));
        yield return ("count on named counters (nft_objref)", Of(Statement.CountOn("counter")));
        yield return ("match ranges of ports", Of(Match.DestinationPorts(6, [(1, 2), (5, 9)]), Statement.Accept));
        yield return ("match interface names with addresses",
            Of(Match.InputInterfaceAndSource(4, "pairs"), Statement.Accept));
        yield return ("map addresses to verdicts", Of(Match.DestinationMap(4, "gates")));
    }

    private static Ruleset Of(params ReadOnlySpan<ImmutableArray<Expression>> parts) => new(ProbeTable)
    {
        Counters = [new("counter")],
        Sets =
        [
            new(new("pairs", KeyType.Concatenate(KeyType.InterfaceName, KeyType.Ipv4Address))),
            new(new("gates", KeyType.Ipv4Address) { IsVerdictMap = true })
            {
                Elements = [Element.Of(IPAddress.Loopback) with { Verdict = NftVerdict.Accept }],
            },
        ],
        Chains =
        [
            new("input") { Base = new("filter", NftHook.Input, 0), Rules = [Rule.Of(parts)] },
        ],
    };

    private static string? Setting(string name)
    {
        try
        {
            return Sysctl.Read(name);
        }
        catch (IOException)
        {
            return null;   // this kernel has no such setting
        }
    }
}
