namespace Palisade.EndToEnd.Tests.Clients;

/// <summary>The commands of kubectl, in the order in which they build on each other.</summary>
internal static class KubectlSteps
{
    // What is waited for comes at once, but for a machine that is very busy.
    private const string Patiently = "--timeout=60s";
    // Two changes of a template in a row may be one revision.
    private const string Settled = $" && kubectl rollout status deployment shop {Patiently}";

    public static IReadOnlyList<ClientStep> All { get; } =
    [
        new("version", "kubectl version", "Server Version.*1\\.35"),
        new("create namespace", "kubectl create namespace $ns", "namespace/.* created"),
        new(
            "config set-context",
            "kubectl config set-context --current --namespace=$ns",
            "modified"),
        new("api-resources", "kubectl api-resources", "networkpolicies +netpol +networking.k8s.io/v1 "),
        new("api-versions", "kubectl api-versions", "(?m)^networking.k8s.io/v1$"),
        new("cluster-info", "kubectl cluster-info", "running at"),
        new("explain", "kubectl explain netpol.spec.ingress", "from"),
        new("run", "kubectl run web --image=nginx --port=80 --labels=app=web", "pod/web created"),
        new("wait", $"kubectl wait --for=condition=Ready pod/web {Patiently}", "condition met"),
        new("expose", "kubectl expose pod web", "service/web exposed"),
        new("get", "kubectl get pods", "web +1/1 +Running"),
        new("get NAME", "kubectl get pod web", "web +1/1 +Running"),
        new("get -o wide", "kubectl get pods -o wide", "web .* node-1 "),
        new("get -o yaml", "kubectl get pod web -o yaml", "(?m)^kind: Pod$"),
        new("get -o json", "kubectl get pod web -o json", "\"kind\": \"Pod\""),
        new("get -o name", "kubectl get pods -o name", "^pod/web\n"),
        new("get -o jsonpath", "kubectl get pod web -o jsonpath={.spec.nodeName}", "^node-1$"),
        new("get -o custom-columns", "kubectl get pods -o custom-columns=N:.metadata.name", "^N\nweb\n"),
        new("get -A", "kubectl get pods -A", "kube-system +coredns"),
        new("get -l", "kubectl get pods -l app=web,x!=y", "web +1/1"),
        new("get --field-selector", "kubectl get pods --field-selector=status.phase=Running", "web +1/1"),
        new("get --sort-by", "kubectl get pods --sort-by=.metadata.creationTimestamp", "web +1/1"),
        new("get --chunk-size", "kubectl get nodes,ns --chunk-size=1", "namespace/kube-system"),
        new("get -w", Following("kubectl get pods -w", "web"), "web +1/1"),
        new("get all", "kubectl get all", "(?s)pod/web.*service/web"),
        new("apply (create)", "kubectl apply -f policy.yaml", "networkpolicy.networking.k8s.io/np created"),
        new("apply (no change)", "kubectl apply -f policy.yaml", "np unchanged"),
        new("diff", "sed s/80/81/ policy.yaml | kubectl diff -f -; test $? = 1", "(?m)^\\+ .*port: 81$"),
        new(
            "apply --dry-run=server",
            "sed s/80/81/ policy.yaml | kubectl apply --dry-run=server -f -",
            "server dry run"),
        new("apply (change)", "sed s/80/81/ policy.yaml | kubectl apply -f -", "np configured"),
        new(
            "apply (keeps what others added)",
            "kubectl apply -f service.yaml && kubectl patch svc two-ports -p "
            + " '{\"spec\":{\"ports\":[{\"name\":\"b\",\"port\":81}]}}'"
            + " && sed s/8080/8081/ service.yaml | kubectl apply -f -"
            + " && kubectl get svc two-ports -o jsonpath='{.spec.ports[*].targetPort}'",
            "8081 81"),
        new(
            "apply --server-side (conflict)",
            "kubectl apply --server-side --field-manager=other -f policy.yaml; test $? = 1",
            "Apply failed with [0-9]+ conflict"),
        new(
            "apply --server-side --force-conflicts",
            "kubectl apply --server-side --force-conflicts -f policy.yaml",
            "serverside-applied"),
        new("describe networkpolicy", "kubectl describe netpol np", "To Port: 80/TCP"),
        new("create -f", "kubectl create -f settings.yaml", "configmap/settings created"),
        new("replace", "sed s/one/two/ settings.yaml | kubectl replace -f -", "configmap/settings replaced"),
        new("replace --force", "kubectl replace --force -f settings.yaml", "configmap/settings replaced"),
        new("edit", "KUBE_EDITOR='sed -i s/one/two/' kubectl edit configmap settings", "edited"),
        new("label", "kubectl label configmap settings a=b", "labeled"),
        new("annotate", "kubectl annotate configmap settings a=b", "annotated"),
        new("patch (strategic)", "kubectl patch pod web -p '{\"metadata\":{\"labels\":{\"c\":\"d\"}}}'", "patched"),
        new("patch --type=merge", "kubectl patch cm settings --type=merge -p '{\"data\":{\"c\":\"d\"}}'", "patched"),
        new(
            "patch --type=json",
            "kubectl patch cm settings --type=json -p '[{\"op\":\"remove\",\"path\":\"/data/c\"}]'",
            "patched"),
        new(
            "patch --subresource=status",
            "kubectl patch svc web --subresource=status --type=merge "
            + "-p '{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"192.0.2.1\"}]}}}'",
            "patched"),
        new("create configmap", "kubectl create configmap literal --from-literal=a=b", "created"),
        new("create secret", "kubectl create secret generic token --from-literal=a=b", "secret/token created"),
        new("create serviceaccount", "kubectl create serviceaccount robot", "serviceaccount/robot created"),
        new("create service", "kubectl create service clusterip other --tcp=80", "service/other created"),
        new("create role", "kubectl create role reader --verb=get --resource=pods", "role.* created"),
        new(
            "create rolebinding",
            "kubectl create rolebinding reader --role=reader --serviceaccount=$ns:robot",
            "rolebinding.* created"),
        new("create quota", "kubectl create quota most --hard=pods=100", "resourcequota/most created"),
        new("create job", "kubectl create job once --image=busybox -- echo done", "job.batch/once created"),
        new("wait (job)", $"kubectl wait --for=condition=complete job/once {Patiently}", "condition met"),
        new("create cronjob", "kubectl create cronjob later --image=busybox --schedule='0 0 * * *' -- true", "created"),
        new(
            "create deployment",
            "kubectl create deployment shop --image=nginx --port=80",
            "deployment.apps/shop created"),
        new("rollout status", $"kubectl rollout status deployment shop {Patiently}", "successfully rolled out"),
        new("scale", "kubectl scale deployment shop --replicas=2", "deployment.apps/shop scaled"),
        new("autoscale", "kubectl autoscale deployment shop --max=3", "autoscaled"),
        new("set image", "kubectl set image deployment/shop nginx=nginx:2" + Settled, "image updated"),
        new("set env", "kubectl set env deployment/shop A=b" + Settled, "env updated"),
        new("rollout history", "kubectl rollout history deployment shop", "(?m)^2 "),
        new("rollout undo", "kubectl rollout undo deployment shop --to-revision=1" + Settled, "rolled back"),
        new("rollout restart", "kubectl rollout restart deployment shop" + Settled, "restarted"),
        new("rollout pause", "kubectl rollout pause deployment shop", "paused"),
        new("rollout resume", "kubectl rollout resume deployment shop" + Settled, "resumed"),
        new("describe deployment", "kubectl describe deployment shop", "NewReplicaSet: +shop-"),
        new("describe pod", "kubectl describe pod web", "(?s)Status: +Running.*Events:"),
        new("describe namespace", "kubectl describe namespace $ns", "(?s)Status: +Active.*most"),
        new("describe node", "kubectl describe node node-1", "InternalIP"),
        new("events", "kubectl events", "LAST SEEN|No (resources|events) found"),
        new("logs", "kubectl logs job/once", "done"),
        new("exec", "kubectl exec web -- echo hello", "^hello\n"),
        new("cp", "echo all >out && kubectl cp out web:$PWD/there && kubectl exec web -- cat $PWD/there", "all"),
        new("port-forward", Following("kubectl port-forward pod/web :80", "Forwarding"), "Forwarding from 127.0.0.1"),
        new("auth can-i", "kubectl auth can-i create pods", "^yes"),
        new("auth can-i --list", "kubectl auth can-i --list", "\\*\\.\\*"),
        new("auth whoami", "kubectl auth whoami", "Username"),
        new("create token", "kubectl create token robot", "\\."),
        new("top", "kubectl top pods; test $? = 1", "Metrics API not available"),
        new(
            "apply (CustomResourceDefinition)",
            "kubectl apply -f definition.yaml && "
            + $"kubectl wait --for=condition=Established crd/things.$group {Patiently}",
            "condition met"),
        new("apply (custom resource)", "kubectl apply -f thing.yaml", "thing.*created"),
        new("get (custom resource)", "kubectl get things.$group", "one +5"),
        new("delete (CustomResourceDefinition)", "kubectl delete -f definition.yaml", "deleted"),
        new("apply (ClusterNetworkPolicy)", "kubectl apply -f cluster-policy.yaml", "created"),
        new("delete", "kubectl delete -f cluster-policy.yaml && kubectl delete netpol np", "\"np\".* deleted"),
        new("delete --all", "kubectl delete configmaps --all", "\"settings\".* deleted"),
        new("delete --cascade=foreground", "kubectl delete deployment shop --cascade=foreground", "\"shop\".* deleted"),
        new("delete --force", "kubectl delete pod web --force --grace-period=0", "force.*deleted"),
        new("delete namespace", "kubectl delete namespace $ns", "namespace \".*\" deleted"),
    ];

    /// <summary>
    /// Runs a command that does not end until it prints a line with a word; prints that line.
    /// </summary>
    private static string Following(string command, string word) =>
        $"rm -f pipe; mkfifo pipe; {command} >pipe 2>&1 & "
        + $"while read -r line; do case $line in *{word}*) echo \"$line\"; break;; *rror*) echo \"$line\";; esac; "
        + "done <pipe; kill $! 2>/dev/null; wait $! 2>/dev/null; true";
}
