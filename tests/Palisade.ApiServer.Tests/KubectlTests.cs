using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>The commands people type, with the real kubectl.</summary>
public sealed class KubectlTests(RunningServer running)
{
    private readonly Kubectl _kubectl = running.Kubectl;

    [Fact]
    public void Create_namespace_sends_protobuf_and_works()
    {
        Assert.Equal("namespace/created-ns created\n", _kubectl.Ok("create namespace created-ns"));
        Assert.Equal(
            "created-ns", _kubectl.Ok("get ns created-ns -o jsonpath={.metadata.labels.kubernetes\\.io/metadata\\.name}"));
        Assert.Equal(
            "Error from server (AlreadyExists): namespaces \"created-ns\" already exists\n",
            _kubectl.Fails("create namespace created-ns"));
    }

    [Fact]
    public void Run_warns_about_images_and_get_prints_the_table()
    {
        var ns = running.NewNamespace("run");
        var result = _kubectl.Run($"run web -n {ns} --image=nginx:1 --port=80 --labels=app=web");
        Assert.Equal("pod/web created\n", result.Out);
        Assert.Equal($"Warning: {RunningServer.PodWarning}\n", result.Error);
        Assert.Matches(
            @"^NAME +READY +STATUS +RESTARTS +AGE\nweb +0/1 +Pending +0 +\d+s\n$", _kubectl.Ok($"get pods -n {ns}"));
        Assert.Matches(
            @"^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n" +
            @"web +0/1 +Pending +0 +\d+s +<none> +<none> +<none> +<none>\n$",
            _kubectl.Ok($"get pods -n {ns} -o wide"));
        Assert.Equal("pod/web\n", _kubectl.Ok($"get pods -n {ns} -o name"));
        Assert.Equal(
            "IfNotPresent", _kubectl.Ok($"get pod web -n {ns} -o jsonpath={{.spec.containers[0].imagePullPolicy}}"));
        Assert.Matches(@"(?m)^run +web +0/1", _kubectl.Ok("get pods -A"));
        Assert.Matches("web .* app=web\n", _kubectl.Ok($"get pods -n {ns} --show-labels"));
        Assert.Equal(
            "", _kubectl.Ok($"run nothing -n {ns} --image=x --dry-run=server -o name").Replace("pod/nothing\n", ""));
        Assert.Equal("pod/web\n", _kubectl.Ok($"get pods -n {ns} -o name"));
    }

    [Fact]
    public void Describe_shows_pod_policy_namespace_and_node()
    {
        var ns = running.NewNamespace("describe");
        _kubectl.Ok($"run web -n {ns} --image=nginx --port=80");
        var pod = _kubectl.Ok($"describe pod web -n {ns}");
        Assert.Contains("Status:           Pending\n", pod);
        Assert.Contains("    Port:         80/TCP\n", pod);
        Assert.Contains("Events:           <none>", pod);
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.Rich);
        Assert.Equal(Manifests.RichDescribed, Regex.Replace(
            _kubectl.Ok($"describe netpol rich -n {ns}"), "Created on: .*", "Created on:"));
        Assert.Contains("Status:       Active\n", _kubectl.Ok($"describe ns {ns}"));
        running.Server.Store.Create(Manifests.Node("described-node"));
        var node = _kubectl.Ok("describe node described-node");
        Assert.Contains("InternalIP:  192.0.2.7", node);
        Assert.Matches(
            @"described-node +Ready +worker +\d+s +v1.35.0 +192.0.2.7 +<none>",
            _kubectl.Ok("get node described-node -o wide"));
    }

    [Fact]
    public void Apply_creates_leaves_alone_and_changes()
    {
        var ns = running.NewNamespace("apply");
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web created\n", _kubectl.Ok($"apply -n {ns} -f -", Manifests.AllowWeb));
        var version = Version(ns);
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web unchanged\n", _kubectl.Ok($"apply -n {ns} -f -", Manifests.AllowWeb));
        Assert.Equal(version, Version(ns));
        // What the server fills in stands in lists that are replaced whole, so kubectl sends them again: nothing
        // changes.
        var bare = Manifests.AllowWeb.Replace(", protocol: TCP", "");
        _kubectl.Ok($"apply -n {ns} -f -", bare);
        version = Version(ns);
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web configured\n", _kubectl.Ok($"apply -n {ns} -f -", bare));
        Assert.Equal(version, Version(ns));
        var changed = Manifests.AllowWeb.Replace("port: 80", "port: 81");
        var diff = _kubectl.Run($"diff -n {ns} -f -", changed);
        Assert.Equal(1, diff.ExitCode);
        Assert.Equal(
            ["-  generation: 1", "+  generation: 2", "-    - port: 80", "+    - port: 81"],
            diff.Out.Split('\n').Where(line => Regex.IsMatch(line, "^[-+] ")));
        Assert.Equal(version, Version(ns));
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web configured (server dry run)\n",
            _kubectl.Ok($"apply -n {ns} --dry-run=server -f -", changed));
        Assert.Equal(version, Version(ns));
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web configured\n", _kubectl.Ok($"apply -n {ns} -f -", changed));
        Assert.Equal("2 81 TCP", _kubectl.Ok(
            [
                "get", "netpol", "allow-web", "-n", ns, "-o",
                "jsonpath={.metadata.generation} {.spec.ingress[0].ports[0].port} {.spec.ingress[0].ports[0].protocol}",
            ]));
        Assert.Matches(@"^NAME +POD-SELECTOR +AGE\nallow-web +app=web +\d+s\n$", _kubectl.Ok($"get netpol -n {ns}"));
    }

    [Fact]
    public void Apply_of_a_pod_merges_lists_by_their_keys()
    {
        var ns = running.NewNamespace("apply-pod");
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.TwoContainers);
        var result = _kubectl.Ok($"apply -n {ns} -f -", Manifests.TwoContainers.Replace("image: two", "image: three"));
        Assert.Equal("pod/two configured\n", result);
        Assert.Equal(
            "one three", _kubectl.Ok(["get", "pod", "two", "-n", ns, "-o", "jsonpath={.spec.containers[*].image}"]));
        Assert.Contains(
            "The Pod \"two\" is invalid: spec: Forbidden: pod updates may not change fields other than",
            _kubectl.Fails(
                $"apply -n {ns} -f -", Manifests.TwoContainers.Replace("containerPort: 80", "containerPort: 81")));
    }

    [Fact]
    public void Label_annotate_patch_edit_and_replace()
    {
        var ns = running.NewNamespace("change");
        _kubectl.Ok($"run p -n {ns} --image=i");
        Assert.Equal("pod/p labeled\n", _kubectl.Ok($"label pod p -n {ns} tier=front"));
        Assert.Equal("pod/p annotated\n", _kubectl.Ok($"annotate pod p -n {ns} note=hello"));
        Assert.Equal("pod/p unlabeled\n", _kubectl.Ok($"label pod p -n {ns} tier-"));
        Assert.Equal("pod/p patched\n", _kubectl.Ok(["patch", "pod", "p", "-n", ns, "-p", """{"metadata":{"labels":{"a":"1"}}}"""]));
        Assert.Equal("pod/p patched\n", _kubectl.Ok(
            ["patch", "pod", "p", "-n", ns, "--type=json", "-p", """[{"op":"add","path":"/metadata/labels/b","value":"2"}]"""]));
        Assert.Equal("pod/p patched\n", _kubectl.Ok(
            ["patch", "pod", "p", "-n", ns, "--type=merge", "-p", """{"metadata":{"labels":{"c":"3","a":null}}}"""]));
        Assert.Equal("pod/p patched (no change)\n", _kubectl.Ok(
            ["patch", "pod", "p", "-n", ns, "--type=merge", "-p", """{"metadata":{"labels":{"c":"3"}}}"""]));
        Assert.Equal("""{"b":"2","c":"3","run":"p"}""", Labels(ns));
        Assert.Equal("pod/p patched\n", _kubectl.Ok(
            ["patch", "pod", "p", "-n", ns, "--subresource=status", "--type=merge", "-p", """{"status":{"phase":"Running"}}"""]));
        Assert.Matches(@"p +0/1 +Running", _kubectl.Ok($"get pods -n {ns}"));
        var editing = new Kubectl(running.Server.KubeconfigText, running.Directory);
        editing.EditWith("s/b: \"2\"/b: edited/");
        Assert.Equal("pod/p edited\n", editing.Ok($"edit pod p -n {ns}"));
        Assert.Equal("""{"b":"edited","c":"3","run":"p"}""", Labels(ns));
        var whole = _kubectl.Ok($"get pod p -n {ns} -o yaml");
        Assert.Equal(
            "pod/p replaced\n", _kubectl.Ok($"replace -n {ns} -f -", whole.Replace("b: edited", "b: replaced")));
        Assert.Equal(
            "Error from server (Conflict): error when replacing \"STDIN\": Operation cannot be fulfilled on pods \"p\": " +
            "the object has been modified; please apply your changes to the latest version and try again\n",
            _kubectl.Fails($"replace -n {ns} -f -", whole));
        Assert.Equal("Running", _kubectl.Ok($"get pod p -n {ns} -o jsonpath={{.status.phase}}"));
    }

    [Fact]
    public void Selectors_sorting_and_chunks()
    {
        var ns = running.NewNamespace("select");
        foreach (var name in new[] { "c", "a", "b", "d" })
        {
            var pod = Manifests.Pod(ns, name, ("app", name), ("kind", name is "a" or "b" ? "first" : "second"));
            pod["metadata"]!["annotations"] = new JsonObject { ["order"] = $"{'z' - name[0]}" };
            running.Server.Store.Create(pod);
        }

        Assert.Equal("pod/a\npod/b\n", _kubectl.Ok($"get pods -n {ns} -l kind=first -o name"));
        Assert.Equal("pod/c\npod/d\n", _kubectl.Ok($"get pods -n {ns} -l kind!=first -o name"));
        Assert.Equal(
            "pod/b\npod/d\n", _kubectl.Ok(["get", "pods", "-n", ns, "-l", "app in (b, d),kind", "-o", "name"]));
        Assert.Equal("pod/d\n", _kubectl.Ok($"get pods -n {ns} --field-selector metadata.name=d -o name"));
        Assert.Equal("pod/a\npod/b\npod/c\npod/d\n", _kubectl.Ok($"get pods -n {ns} --chunk-size=1 -o name"));
        Assert.Equal(
            "pod/d\npod/c\npod/b\npod/a\n", _kubectl.Ok($"get pods -n {ns} --sort-by=.metadata.annotations.order -o name"));
        Assert.Equal(
            "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector \"\", field selector \"spec.foo=1\": field label not supported: spec.foo\n",
            _kubectl.Fails($"get pods -n {ns} --field-selector spec.foo=1"));
    }

    [Fact]
    public void Delete_one_many_all_and_by_force()
    {
        var ns = running.NewNamespace("remove");
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
            running.Server.Store.Create(Manifests.Pod(ns, name, ("app", name)));
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.AllowWeb);
        Assert.Equal("pod \"a\" deleted\n", Deleted($"delete pod a -n {ns}"));
        Assert.Equal("pod \"b\" deleted\n", Deleted($"delete pod -n {ns} -l app=b"));
        Assert.Equal("pod \"c\" force deleted\n", Deleted($"delete pod c -n {ns} --force --grace-period=0"));
        Assert.Equal(
            "networkpolicy.networking.k8s.io \"allow-web\" deleted\n",
            Deleted($"delete -n {ns} -f -", Manifests.AllowWeb));
        Assert.Equal("pod \"d\" deleted\npod \"e\" deleted\n", Deleted($"delete pods --all -n {ns}"));
        Assert.Equal("Error from server (NotFound): pods \"a\" not found\n", _kubectl.Fails($"delete pod a -n {ns}"));
        Assert.Equal("", _kubectl.Ok($"get pods -n {ns} -o name"));
    }

    [Fact]
    public void Delete_of_a_namespace_takes_its_contents()
    {
        var ns = running.NewNamespace("doomed");
        running.Server.Store.Create(Manifests.Pod(ns, "a"));
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.AllowWeb);
        Assert.Equal($"namespace \"{ns}\" deleted\n", _kubectl.Ok($"delete ns {ns}"));
        Assert.Empty(running.Server.Store.List("pods", ns));
        Assert.Empty(running.Server.Store.List("networkpolicies.networking.k8s.io", ns));
        Assert.Equal(
            $"Error from server (NotFound): namespaces \"{ns}\" not found\n",
            _kubectl.Fails($"run x -n {ns} --image=i"));
        Assert.Contains("this namespace may not be deleted", _kubectl.Fails("delete ns default"));
    }

    [Fact]
    public void Wait_sees_conditions_and_deletion()
    {
        var ns = running.NewNamespace("wait");
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        using var ready = _kubectl.Start(["wait", "pod/p", "-n", ns, "--for=condition=Ready", "--timeout=60s", "-v=6"]);
        AwaitWatch(ready);
        running.Server.Store.Patch("pods", ns, "p", Manifests.ReadyStatus(), status: true);
        Assert.Equal("pod/p condition met\n", ready.StandardOutput.ReadToEnd());
        using var gone = _kubectl.Start(["wait", "pod/p", "-n", ns, "--for=delete", "--timeout=60s", "-v=6"]);
        AwaitWatch(gone);
        Assert.True(running.Server.Store.Delete("pods", ns, "p"));
        Assert.Equal("pod/p condition met\n", gone.StandardOutput.ReadToEnd());
    }

    // kubectl -v=6 tells of each answer that has begun.
    private static void AwaitWatch(System.Diagnostics.Process kubectl)
    {
        string? line;
        while ((line = kubectl.StandardError.ReadLine()) is not null && !line.Contains("watch=true"))
        {
        }

        Assert.NotNull(line);
    }

    [Fact]
    public void Get_watch_follows_changes()
    {
        var ns = running.NewNamespace("follow");
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        using var watch = _kubectl.Start(["get", "pods", "-n", ns, "-w", "--no-headers"]);
        Assert.Matches(@"^p +0/1 +Pending ", watch.StandardOutput.ReadLine());
        running.Server.Store.Patch("pods", ns, "p", Manifests.ReadyStatus(), status: true);
        Assert.Matches(@"^p +1/1 +Running ", watch.StandardOutput.ReadLine());
        running.Server.Store.Create(Manifests.Pod(ns, "q"));
        Assert.Matches(@"^q +0/1 +Pending ", watch.StandardOutput.ReadLine());
        watch.Kill();
    }

    [Fact]
    public void Discovery_version_explain_and_auth()
    {
        Assert.Contains("Server Version: v1.35.0", _kubectl.Ok("version"));
        var resources = _kubectl.Ok("api-resources --no-headers");
        Assert.Matches(@"(?m)^networkpolicies +netpol +networking.k8s.io/v1 +true +NetworkPolicy$", resources);
        Assert.Matches(@"(?m)^nodes +no +v1 +false +Node$", resources);
        var versions = _kubectl.Ok("api-versions").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var version in (string[])
            [
                "apps/v1", "authentication.k8s.io/v1", "authorization.k8s.io/v1", "autoscaling/v2", "batch/v1",
                "coordination.k8s.io/v1", "discovery.k8s.io/v1", "networking.k8s.io/v1",
                "policy.networking.k8s.io/v1alpha2", "policy/v1", "v1",
            ])
            Assert.Contains(version, versions);
        Assert.Contains("from\t<[]NetworkPolicyPeer>", _kubectl.Ok("explain netpol.spec.ingress"));
        Assert.Contains("is running at", _kubectl.Ok("cluster-info"));
        Assert.Equal("yes\n", _kubectl.Ok("auth can-i create pods"));
        Assert.Contains("palisade-admin", _kubectl.Ok("auth whoami"));
        Assert.Contains("*.*", _kubectl.Ok("auth can-i --list"));
    }

    [Fact]
    public void What_is_not_served_yet_says_so()
    {
        var ns = running.NewNamespace("unserved");
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        running.Server.Store.Patch("pods", ns, "p", Manifests.ReadyStatus(), status: true);
        Assert.Contains("exec of pods is not served yet", _kubectl.Fails($"exec p -n {ns} -- ls"));
        Assert.Contains("log of pods is not served yet", _kubectl.Fails($"logs p -n {ns}"));
        Assert.Contains("attach of pods is not served yet", _kubectl.Fails($"attach p -n {ns}"));
        Assert.Contains(
            "portforward of pods is not served yet", _kubectl.Fails($"port-forward pod/p 18080:80 -n {ns}"));
    }

    [Fact]
    public void Invalid_objects_get_the_api_servers_words()
    {
        var ns = running.NewNamespace("invalid");
        Assert.Equal(
            """
            The NetworkPolicy "allow-web" is invalid: 
            * spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive
            * spec.ingress[0].from[0]: Required value: must specify a peer

            """,
            _kubectl.Fails(
                $"apply -n {ns} -f -",
                Manifests.AllowWeb.Replace("port: 80", "port: 0")
                    .Replace("{podSelector: {matchLabels: {app: frontend}}}", "{}")));
        Assert.Equal(
            "Error from server (BadRequest): error when creating \"STDIN\": NetworkPolicy in version \"v1\" cannot be handled as a " +
            "NetworkPolicy: strict decoding error: unknown field \"spec.ingres\"\n",
            _kubectl.Fails($"apply -n {ns} -f -", Manifests.AllowWeb.Replace("ingress:", "ingres:")));
        var lenient = _kubectl.Run(
            $"apply -n {ns} --validate=warn -f -", Manifests.AllowWeb.Replace("ingress:", "ingres:"));
        Assert.Equal("Warning: unknown field \"spec.ingres\"\n", lenient.Error);
        Assert.Equal("networkpolicy.networking.k8s.io/allow-web created\n", lenient.Out);
        Assert.Contains(
            "no matches for kind \"Nonsense\" in version \"v1\"",
            _kubectl.Fails($"apply -n {ns} -f -", "apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n"));
    }

    // kubectl 1.34 and later add where from.
    private string Deleted(string arguments, string input = "") =>
        Regex.Replace(_kubectl.Ok(arguments, input), " from \\S+ namespace\n", "\n");

    private string Version(string ns) =>
        _kubectl.Ok($"get netpol allow-web -n {ns} -o jsonpath={{.metadata.resourceVersion}}");

    private string Labels(string ns) =>
        JsonNode.Parse(_kubectl.Ok($"get pod p -n {ns} -o json"))!["metadata"]!["labels"]!
        .AsObject().OrderBy(l => l.Key, StringComparer.Ordinal).Aggregate(new JsonObject(), (all, l) =>
        {
            all[l.Key] = l.Value!.DeepClone();
            return all;
        }).ToJsonString();
}
