{{- /*
The controller's options, a line for each, from the values: an option that is left empty is left to the controller, one that
is false is given as false. Texts of lists and maps are joined by commas.
*/ -}}
{{- define "signet.options" -}}
{{- $v := .Values -}}
{{- $election := default dict $v.leaderElection -}}
{{- $ports := $v.containerPorts -}}
{{- $vault := default dict $v.vault -}}
{{- $vaultAuth := default dict $vault.auth -}}
{{- $wrapping := default dict $v.keyWrapping -}}
{{- $references := default dict $v.vaultReferences -}}
{{- $options := list
  (list "key-prefix" $v.secretName)
  (list "key-renew-period" $v.keyrenewperiod)
  (list "key-ttl" $v.keyttl)
  (list "key-cutoff-time" $v.keycutofftime)
  (list "key-size" $v.keySize)
  (list "my-cn" $v.myCN)
  (list "key-order-priority" $v.keyOrderPriority)
  (list "require-backup" $v.requireKeyBackup)
  (list "privatekey-annotations" $v.privateKeyAnnotations)
  (list "privatekey-labels" $v.privateKeyLabels)
  (list "cluster-id" (include "signet.clusterId" .))
  (list "all-namespaces" $v.allNamespaces)
  (list "additional-namespaces" $v.additionalNamespaces)
  (list "label-selector" $v.labelSelector)
  (list "update-status" $v.updateStatus)
  (list "skip-recreate" $v.skipRecreate)
  (list "repair-drift" $v.repairDrift)
  (list "opening-check-period" $v.openingCheckPeriod)
  (list "old-gc-behavior" $v.oldGcBehavior)
  (list "accept-deprecated-v1-data" $v.acceptDeprecatedV1Data)
  (list "concurrency" $v.concurrency)
  (list "adopt-namespaces" $v.adoptNamespaces)
  (list "forbid-own-namespace" $v.forbidOwnNamespace)
  (list "allowed-secret-types" $v.allowedSecretTypes)
  (list "allowed-annotations" $v.allowedAnnotations)
  (list "denied-metadata" $v.deniedMetadata)
  (list "secret-labels" $v.secretLabels)
  (list "secret-annotations" $v.secretAnnotations)
  (list "templates" $v.templates)
  (list "allow-nondeterministic-templates" $v.allowNondeterministicTemplates)
  (list "leader-elect" $election.enabled)
  (list "lease-name" $election.leaseName)
  (list "lease-duration" $election.leaseDuration)
  (list "lease-renew-deadline" $election.renewDeadline)
  (list "lease-retry-period" $election.retryPeriod)
  (list "kms-allowed-keys" (default dict $v.kms).allowedKeys)
  (list "kms-allowed-contexts" (default dict $v.kms).allowedContexts)
  (list "vault-allowed-keys" $vault.allowedKeys)
  (list "vault-addr" $vault.address)
  (list "vault-namespace" $vault.namespace)
  (list "vault-ca-file" (include "signet.vaultCaFile" .))
  (list "vault-redirect-addrs" $vault.redirectAddresses)
  (list "vault-auth-method" $vaultAuth.method)
  (list "vault-auth-mount" $vaultAuth.mount)
  (list "vault-role" $vaultAuth.role)
  (list "vault-jwt-file" (include "signet.vaultJwtFile" .))
  (list "vault-token-file" $vaultAuth.tokenFile)
  (list "sealing-key-wrap" $wrapping.key)
  (list "sealing-key-unwrap" $wrapping.alsoUnwrap)
  (list "vault-kv-mounts" (ternary $references.mounts "" (eq (include "signet.vaultReferencesOn" .) "true")))
  (list "vault-kv-role" $references.role)
  (list "vault-kv-auth-mount" $references.authMount)
  (list "vault-kv-audience" $references.audience)
  (list "vault-kv-refresh-interval" $references.refreshInterval)
  (list "rate-limit" $v.rateLimit)
  (list "rate-limit-burst" $v.rateLimitBurst)
  (list "read-timeout" $v.readTimeout)
  (list "write-timeout" $v.writeTimeout)
  (list "shutdown-delay" (include "signet.shutdownDelay" .))
  (list "verify-endpoint" $v.verifyEndpoint)
  (list "rotate-endpoint" $v.rotateEndpoint)
  (list "metrics-omit-secret-labels" $v.metricsOmitSecretLabels)
  (list "metrics-auth" $v.metricsAuth)
  (list "log-info-stdout" $v.logInfoStdout)
  (list "log-level" $v.logLevel)
  (list "log-format" $v.logFormat)
  (list "kubeclient-qps" $v.kubeClientQPS)
  (list "kubeclient-burst" $v.kubeClientBurst)
  (list "listen-addr" (printf ":%v" (default 8080 $ports.http)))
  (list "listen-metrics-addr" (printf ":%v" (default 8081 $ports.metrics)))
-}}
{{- range $options }}
{{- $name := index . 0 -}}
{{- $text := include "signet.optionText" (dict "name" $name "value" (index . 1)) -}}
{{- if ne $text "" }}
- {{ printf "--%s=%s" $name $text | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "signet.optionText" -}}
{{- $name := .name -}}
{{- if kindIs "map" .value -}}
{{- $pairs := list -}}
{{- range $key, $value := .value -}}
{{- if not (and (kindIs "string" $value) $value) -}}
{{- fail (printf "the values of --%s must be texts that are not empty, and that of %s is not: put it in quotes" $name $key) -}}
{{- end -}}
{{- if contains "," $value -}}
{{- fail (printf "the value of %s for --%s holds a comma, which the option cannot express" $key $name) -}}
{{- end -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- else if kindIs "slice" .value -}}
{{- join "," .value -}}
{{- else if kindIs "string" .value -}}
{{- .value -}}
{{- else if not (kindIs "invalid" .value) -}}
{{- /* Not by its own form, which is 1e+06 from a million on. */ -}}
{{- toJson .value -}}
{{- end -}}
{{- end -}}

{{- /* Of one replica the next pod waits for its end, so that each second would be one without any. */ -}}
{{- define "signet.shutdownDelay" -}}
{{- if ne (toString (default "" .Values.shutdownDelay)) "" -}}
{{- .Values.shutdownDelay -}}
{{- else if gt (int .Values.replicaCount) 1 -}}
5s
{{- end -}}
{{- end -}}

{{- /* "none" where nothing but Roles is granted: there the namespace kube-system may not be read. */ -}}
{{- define "signet.clusterId" -}}
{{- if .Values.clusterId -}}
{{- .Values.clusterId -}}
{{- else if has (include "signet.rbacShape" .) (list "own" "namespaces") -}}
{{- $wrapping := default dict .Values.keyWrapping -}}
{{- if or $wrapping.key $wrapping.alsoUnwrap -}}
{{- fail "wrapped sealing keys are bound to a cluster, whose id may not be read where only Roles are granted: set clusterId to the uid of the namespace kube-system" -}}
{{- end -}}
{{- if or (default dict .Values.kms).allowedKeys (default dict .Values.vault).allowedKeys -}}
{{- fail "values under AWS KMS and Vault are bound to a cluster, whose id may not be read where only Roles are granted: set clusterId to the uid of the namespace kube-system" -}}
{{- end -}}
none
{{- end -}}
{{- end -}}
