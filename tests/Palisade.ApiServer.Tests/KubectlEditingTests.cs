using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Ways to change objects with the real kubectl that need the protocol's finer points.</summary>
public sealed class KubectlEditingTests(RunningServer running)
{
    private readonly Kubectl _kubectl = running.Kubectl;

    [Fact]
    public void Server_dry_runs_change_nothing()
    {
        var ns = running.NewNamespace("dry");
        const string Made = "networkpolicy.networking.k8s.io/allow-web created (server dry run)\n";
        Assert.Equal(Made, _kubectl.Ok($"apply -n {ns} --dry-run=server -f -", Manifests.AllowWeb));
        Assert.Equal(Made, _kubectl.Ok($"create -n {ns} --dry-run=server -f -", Manifests.AllowWeb));
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.AllowWeb);
        var before = Stored(ns);
        const string Name = "networkpolicy.networking.k8s.io/allow-web";
        Assert.Equal(
            $"{Name} labeled (server dry run)\n", _kubectl.Ok($"label netpol allow-web -n {ns} --dry-run=server x=z"));
        Assert.Equal(
            $"{Name} annotated (server dry run)\n",
            _kubectl.Ok($"annotate netpol allow-web -n {ns} --dry-run=server x=z"));
        Assert.Equal($"{Name} patched\n", _kubectl.Ok(
            ["patch", "netpol", "allow-web", "-n", ns, "--dry-run=server", "-p", """{"spec":{"ingress":null}}"""]));
        Assert.Equal(
            $"{Name} replaced (server dry run)\n",
            _kubectl.Ok($"replace -n {ns} --dry-run=server -f -", Manifests.AllowWeb.Replace("80", "81")));
        Assert.Equal(
            $"{Name.Replace("/", " \"")}\" deleted from {ns} namespace (server dry run)\n",
            _kubectl.Ok($"delete netpol allow-web -n {ns} --dry-run=server"));
        Assert.Equal(
            $"{Name.Replace("/", " \"")}\" deleted from {ns} namespace (server dry run)\n",
            _kubectl.Ok($"delete netpol --all -n {ns} --dry-run=server"));
        Assert.Equal(before, Stored(ns));
    }

    [Fact]
    public void Replace_by_force_makes_another_object()
    {
        var ns = running.NewNamespace("force");
        _kubectl.Ok($"create -n {ns} -f -", Manifests.AllowWeb);
        var uid = Get(ns, "{.metadata.uid}");
        Assert.Equal(
            "networkpolicy.networking.k8s.io \"allow-web\" deleted from force namespace\n" +
            "networkpolicy.networking.k8s.io/allow-web replaced\n",
            _kubectl.Ok($"replace --force -n {ns} -f -", Manifests.AllowWeb));
        Assert.NotEqual(uid, Get(ns, "{.metadata.uid}"));
        // What is read can be written back, managedFields and all, once: then it is of an older version.
        var read = _kubectl.Ok($"get netpol allow-web -n {ns} -o yaml --show-managed-fields");
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web replaced\n",
            _kubectl.Ok($"replace -n {ns} -f -", read.Replace("port: 80", "port: 81")));
        Assert.Contains(
            "the object has been modified; please apply your changes to the latest version and try again",
            _kubectl.Fails($"replace -n {ns} -f -", read));
        Assert.Equal("kubectl-replace", Get(ns, "{.metadata.managedFields[*].manager}"));
    }

    [Fact]
    public void The_last_applied_configuration_is_kept()
    {
        var ns = running.NewNamespace("last-applied");
        _kubectl.Ok($"create -n {ns} -f -", Manifests.AllowWeb);
        _kubectl.Ok($"apply set-last-applied -n {ns} --create-annotation -f -", Manifests.AllowWeb);
        Assert.Contains("port: 80", _kubectl.Ok($"apply view-last-applied netpol allow-web -n {ns}"));
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.AllowWeb.Replace("80", "82"));
        Assert.Contains("port: 82", _kubectl.Ok($"apply view-last-applied netpol allow-web -n {ns}"));
        var diff = _kubectl.Run($"diff -n {ns} -f -", Manifests.AllowWeb);
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("-    - port: 82\n+    - port: 80\n", diff.Out);
        _kubectl.EditWith("s/port: 82/port: 83/");
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web edited\n", _kubectl.Ok($"edit netpol allow-web -n {ns}"));
        Assert.Equal("83", Get(ns, "{.spec.ingress[0].ports[0].port}"));
    }

    [Fact]
    public void Subresources_are_shown_and_changed()
    {
        var ns = running.NewNamespace("subresource");
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        Assert.Equal("pod/p patched\n", _kubectl.Ok(
            ["patch", "pod", "p", "-n", ns, "--subresource=status", "-p", """{"status":{"phase":"Running","podIP":"10.9.9.9"}}"""]));
        Assert.Equal("Running", _kubectl.Ok($"get pod p -n {ns} --subresource=status -o jsonpath={{.status.phase}}"));
        _kubectl.Ok(
            $"apply --server-side --subresource=status --force-conflicts -n {ns} -f -",
            "{apiVersion: v1, kind: Pod, metadata: {name: p}, status: {phase: Failed, reason: Evicted}}");
        Assert.Matches(@"(?m)^p +0/1 +Evicted ", _kubectl.Ok($"get pod p -n {ns}"));
        Assert.Equal("10.9.9.9", _kubectl.Ok($"get pod p -n {ns} -o jsonpath={{.status.podIP}}"));
        Assert.Matches(@"^pod/p condition met\n$", _kubectl.Ok(
            ["wait", "pod/p", "-n", ns, "--for=jsonpath={.status.phase}=Failed", "--timeout=30s"]));
    }

    [Fact]
    public void Nodes_are_cordoned_and_tainted()
    {
        running.Server.Store.Create(Manifests.Node("tainted"));
        Assert.Equal("node/tainted cordoned\n", _kubectl.Ok("cordon tainted"));
        Assert.Matches(@"tainted +Ready,SchedulingDisabled", _kubectl.Ok("get node tainted"));
        Assert.Equal("node/tainted uncordoned\n", _kubectl.Ok("uncordon tainted"));
        Assert.Equal("node/tainted tainted\n", _kubectl.Ok("taint node tainted k=v:NoSchedule"));
        Assert.Equal("node/tainted untainted\n", _kubectl.Ok("taint node tainted k-"));
        _kubectl.Ok("delete node tainted");
    }

    [Fact]
    public void Lists_come_whole_in_chunks()
    {
        var ns = running.NewNamespace("chunked");
        foreach (var name in (string[])["a", "b", "c", "d", "e"])
            running.Server.Store.Create(Manifests.Policy(ns, name));
        var names = _kubectl.Ok($"get netpol -n {ns} --chunk-size=2 -o name");
        Assert.Equal("a b c d e", Regex.Replace(names, @"\s*networkpolicy.networking.k8s.io/", " ").Trim());
    }

    private string Stored(string ns) =>
        running.Server.Store.Get("networkpolicies.networking.k8s.io", ns, "allow-web")!.ToJsonString();

    private string Get(string ns, string path) => _kubectl.Ok(
        ["get", "netpol", "allow-web", "-n", ns, "--show-managed-fields", "-o", $"jsonpath={path}"]);
}
